package dev.mishap.proxy.http;

import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Whether connections are to go: those of the whole process, set by signals and the admin server, or those of one listener that
 * was removed or replaced. Read for every response. While it drains, HTTP/1 responses carry {@code connection: close}.
 */
public final class DrainState {
    private final @Nullable DrainState process;
    private final boolean modifyOnly;
    private volatile boolean draining;
    private volatile boolean failHealthChecks;
    private volatile @Nullable Gradual gradual;

    /** Connections are told one by one, the more of them the nearer the end is. */
    private record Gradual(long startNanos, long lengthNanos) {
        boolean now() {
            long elapsed = System.nanoTime() - startNanos;
            return elapsed >= lengthNanos || ThreadLocalRandom.current().nextLong(lengthNanos) < elapsed;
        }
    }

    /** That of the process. */
    public DrainState() {
        this(null);
    }

    /** That of a listener in a process that may drain, too. */
    public DrainState(@Nullable DrainState process) {
        this(process, false);
    }

    /**
     * The same.
     *
     * @param modifyOnly whether failing health checks are no reason to drain ({@code Listener.drain_type})
     */
    public DrainState(@Nullable DrainState process, boolean modifyOnly) {
        this.process = process;
        this.modifyOnly = modifyOnly;
    }

    /** Whether listeners are being drained. */
    public boolean draining() {
        return draining || process != null && process.draining();
    }

    public void draining(boolean value) {
        draining = value;
    }

    /** Connections close after a response with a probability that grows to 1 over {@code lengthNanos}. */
    public void drainGradually(long lengthNanos) {
        gradual = new Gradual(System.nanoTime(), Math.max(1, lengthNanos));
    }

    /** Whether health checks are made to fail ({@code POST /healthcheck/fail}). */
    public boolean failHealthChecks() {
        return failHealthChecks || process != null && process.failHealthChecks();
    }

    public void failHealthChecks(boolean value) {
        failHealthChecks = value;
    }

    /** Whether a connection is to be closed after the response it is sending. */
    public boolean closeAfterResponse() {
        return !modifyOnly && failHealthChecks() || drainCloses();
    }

    private boolean drainCloses() {
        if (draining) {
            return true;
        }
        Gradual g = gradual;
        return g != null && g.now() || process != null && process.drainCloses();
    }
}
