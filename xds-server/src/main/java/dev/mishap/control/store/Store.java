package dev.mishap.control.store;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A small ordered key-value store with one revision that grows by one with each transaction that changes something.
 *
 * <p>Safe for many threads; no call blocks. A stage fails with a {@link StoreException} and completes on a thread of the store,
 * which dependents must not hold up. What a caller saw completed is durable and is seen by every later read of this store
 * object. Misuse (a key that is none) is thrown as {@link IllegalArgumentException} at the call.
 */
public interface Store extends AutoCloseable {
    /** The most entries of a {@link Page}. */
    int MAX_PAGE = 1000;

    /** The newest value. */
    CompletionStage<Optional<Entry>> get(String key);

    /**
     * Entries whose keys begin with {@code prefix}, in order.
     *
     * @param after only keys greater than this; null = from the first
     * @param limit 1 to {@value #MAX_PAGE}
     * @param revision as they stood then, so that several pages fit together; 0 = now. May fail with {@link
     *     StoreException.Compacted}, and with IllegalArgumentException when it is yet to come
     */
    CompletionStage<Page> list(String prefix, @Nullable String after, int limit, long revision);

    /**
     * Does a transaction; completes with its revision once it is durable. One that changes nothing (deletes of what is absent)
     * completes with the revision as it is.
     *
     * @return may fail with {@link StoreException.Conflict}, {@link StoreException.LeaseNotFound}, {@link
     *     StoreException.Unavailable}
     */
    CompletionStage<Long> commit(Transaction transaction);

    /**
     * Tells the changes of keys that begin with {@code prefix}, without gaps.
     *
     * @param from the first revision to be told, usually that of a listing plus one; 0 = from the next one on
     */
    Watch watch(String prefix, long from, WatchListener listener);

    /** Grants a lease of at least this length; the clock that counts is the store's. */
    CompletionStage<Lease> grant(Duration ttl);

    /** Starts the lease's time anew; completes with what it then has. Fails with {@link StoreException.LeaseNotFound} if it is over. */
    CompletionStage<Duration> keepAlive(long lease);

    /** Ends a lease now: its keys are deleted, in one transaction. One that is over already is no error. */
    CompletionStage<@Nullable Void> revoke(long lease);

    /** Forgets what stood before this revision: older listings and watches fail with {@link StoreException.Compacted}. */
    CompletionStage<@Nullable Void> compact(long revision);

    /** The newest revision; 1 of a store that was never written to. */
    CompletionStage<Long> revision();

    /** Ends the watches and refuses what comes after; what was accepted is still done. */
    @Override
    void close();
}
