package dev.mishap.control.store;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Why the store did not do what was asked. Nothing is half done, but see {@link Unavailable}. */
public abstract sealed class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private StoreException(String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
    }

    /** A condition of the transaction did not hold. */
    public static final class Conflict extends StoreException {
        private static final long serialVersionUID = 1L;
        private final String key;
        private final long expected;
        private final long found;

        public Conflict(String key, long expected, long found) {
            super(key + ": expected " + words(expected) + ", found " + words(found), null);
            this.key = key;
            this.expected = expected;
            this.found = found;
        }

        private static String words(long revision) {
            return revision == 0 ? "no such key" : "revision " + revision;
        }

        public String key() {
            return key;
        }

        /** The revision of the condition; 0 = absent. */
        public long expected() {
            return expected;
        }

        /** The revision at that moment; 0 = absent. */
        public long found() {
            return found;
        }
    }

    /** What stood at that revision is no longer kept. */
    public static final class Compacted extends StoreException {
        private static final long serialVersionUID = 1L;
        private final long compactRevision;

        public Compacted(long asked, long compactRevision) {
            super("revision " + asked + " was compacted; kept is what is newer than " + compactRevision, null);
            this.compactRevision = compactRevision;
        }

        public long compactRevision() {
            return compactRevision;
        }
    }

    /**
     * The store can't do it now: closed, no space, no leader, no connection. Try again later. For a transaction the outcome is
     * {@link #unknown} when the connection was lost after it was sent.
     */
    public static final class Unavailable extends StoreException {
        private static final long serialVersionUID = 1L;
        private final boolean unknown;

        public Unavailable(String message, @Nullable Throwable cause) {
            this(message, cause, false);
        }

        public Unavailable(String message, @Nullable Throwable cause, boolean unknown) {
            super(message, cause);
            this.unknown = unknown;
        }

        /** Whether the transaction may have been done all the same. */
        public boolean unknown() {
            return unknown;
        }
    }

    /** A key, a value or a transaction is over the limits of {@link Transaction}. */
    public static final class TooLarge extends StoreException {
        private static final long serialVersionUID = 1L;

        public TooLarge(String message) {
            super(message, null);
        }
    }

    /** The lease has run out, or never was. */
    public static final class LeaseNotFound extends StoreException {
        private static final long serialVersionUID = 1L;

        public LeaseNotFound(long lease) {
            super("lease " + Long.toHexString(lease) + " is not alive", null);
        }
    }

    /** What a stage failed with, without the wrapping of {@code java.util.concurrent}. */
    public static Throwable unwrap(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /**
     * Waits for a stage, for callers that may block.
     *
     * @throws Unavailable of unknown outcome when it takes longer than {@code timeoutMillis} or the thread is interrupted
     */
    public static <T> T await(CompletionStage<T> stage, long timeoutMillis) {
        try {
            return stage.toCompletableFuture().get(timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new Unavailable("the store did not answer within " + timeoutMillis + " ms", e, true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unavailable("interrupted while waiting for the store", e, true);
        } catch (ExecutionException e) {
            Throwable cause = unwrap(e);
            if (cause instanceof RuntimeException runtime) {
                throw runtime;
            } else if (cause instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(cause);
        }
    }
}
