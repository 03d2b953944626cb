package dev.mishap.control.rules;

import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The rules of the control plane. Writes go to the store and are there for every replica; reads are served from a snapshot that follows
 * the store. A write that has completed is in {@link #snapshot()} of this registry.
 *
 * <p>Safe for many threads; no call blocks. Stages fail with a {@link RegistryException} (the request is to blame) or a {@link
 * StoreException} (the store is), and complete on threads that dependents must not hold up.
 */
public final class RuleRegistry implements AutoCloseable {
    /** How long an idempotency key is remembered. */
    public static final Duration IDEMPOTENCY = Duration.ofHours(24);

    /** How long a write waits to be seen in the snapshot before it answers without. */
    private static final long SEEN_MILLIS = 2_000;

    private final Store store;
    private final ScheduledThreadPoolExecutor executor;
    private final RuleSubscribers subscribers;
    private final RuleMirror mirror;
    private final RuleWrites writes;
    private final InstantSource clock;
    private @Nullable RuleExpiry expiry;

    /** The outcome of a write. @param created there was no such rule @param replayed an earlier request's answer, by its idempotency key */
    public record Written(StoredRule rule, boolean created, boolean replayed) {}

    /** The rule as it was at its end. */
    public record Deleted(StoredRule rule, boolean replayed) {}

    /** The rules as they were at their end. */
    public record Stopped(List<StoredRule> rules) {
        public Stopped {
            rules = List.copyOf(rules);
        }
    }

    /**
     * Which rules; all of it must hold.
     *
     * @param namespace null = all
     * @param experimentId null = any or none
     * @param others what else must hold, such as that the caller may see it
     */
    public record Filter(
            @Nullable String namespace,
            @Nullable String experimentId,
            LabelSelector labels,
            Predicate<StoredRule> others) {
        public static final Filter ALL = new Filter(null, null, LabelSelector.ALL);

        public Filter(@Nullable String namespace, @Nullable String experimentId, LabelSelector labels) {
            this(namespace, experimentId, labels, rule -> true);
        }

        public boolean matches(StoredRule rule) {
            return (namespace == null || namespace.equals(rule.namespace()))
                    && (experimentId == null || experimentId.equals(rule.rule().experimentId()))
                    && labels.matches(rule.labels())
                    && others.test(rule);
        }
    }

    /** A listener's subscription; closing ends it. */
    public interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    /** A part of a listing. @param next continues it; null = this is the end @param revision of all parts */
    public record Listing(List<StoredRule> rules, @Nullable String next, long revision) {
        public Listing {
            rules = List.copyOf(rules);
        }
    }

    private RuleRegistry(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
        executor = new ScheduledThreadPoolExecutor(1, runnable -> {
            Thread thread = new Thread(runnable, "rule-registry");
            thread.setDaemon(true);
            return thread;
        });
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        subscribers = new RuleSubscribers(executor);
        mirror = new RuleMirror(store, executor, subscribers::publish);
        writes = new RuleWrites(store, mirror, clock);
    }

    /**
     * Reads the rules of a store and follows them. The store stays the caller's, who closes it after the registry.
     *
     * @param clock by which rules end
     * @param holder who this replica is, among those on the store
     */
    public static CompletionStage<RuleRegistry> open(Store store, InstantSource clock, String holder) {
        RuleRegistry registry = new RuleRegistry(store, clock);
        return new Migrations(store, clock)
                .run()
                .thenCompose(done -> registry.mirror.start())
                .handle((done, failure) -> {
                    if (failure != null) {
                        registry.close();
                        throw new CompletionException(StoreException.unwrap(failure));
                    }
                    registry.expire(holder);
                    return registry;
                });
    }

    private synchronized void expire(String holder) {
        expiry = new RuleExpiry(store, mirror, writes, clock, holder, executor);
        subscribe(expiry);
    }

    /** The rules as this replica knows them now. */
    public RuleSnapshot snapshot() {
        return mirror.snapshot();
    }

    /** Tells changes from now on, all there is first; on the registry's thread, so a listener is quick or hands over. */
    public Subscription subscribe(RuleListener listener) {
        return subscribers.add(listener);
    }

    /** From the snapshot; null = there is none. */
    public @Nullable StoredRule get(RuleKey key) {
        return mirror.snapshot().get(key);
    }

    /**
     * Lists in the order of namespace and name. All parts of a listing are of one revision.
     *
     * @param limit of one part, 1 to {@value Store#MAX_PAGE}
     * @param token {@link Listing#next} of the part before; null = from the start. On any replica
     */
    public CompletionStage<Listing> list(Filter filter, int limit, @Nullable String token) {
        if (limit < 1 || limit > Store.MAX_PAGE) {
            throw new IllegalArgumentException("limit must be 1 to " + Store.MAX_PAGE + ", got " + limit);
        }
        if (token == null) {
            return CompletableFuture.completedStage(RuleListing.first(mirror.snapshot(), filter, limit));
        }
        return RuleListing.next(store, filter, limit, token);
    }

    /** Makes a rule; fails with {@link RegistryException.AlreadyExists}. */
    public CompletionStage<Written> create(RuleDocument document, Caller caller) {
        return create(document, caller, WriteGuard.NONE);
    }

    /** The same, if the guard lets it pass. */
    public CompletionStage<Written> create(RuleDocument document, Caller caller, WriteGuard guard) {
        return writes.create(document, caller, guard);
    }

    /** Puts a rule in the place of the one of its name, or makes it; its ttl begins anew. */
    public CompletionStage<Written> replace(RuleDocument document, Precondition precondition, Caller caller) {
        return replace(document, precondition, caller, WriteGuard.NONE);
    }

    /** The same, if the guard lets it pass. */
    public CompletionStage<Written> replace(
            RuleDocument document, Precondition precondition, Caller caller, WriteGuard guard) {
        return writes.replace(document, precondition, caller, guard);
    }

    /**
     * Changes a rule's document by a JSON merge patch, RFC 7396; its ttl begins anew.
     *
     * @param patch of the document with apiVersion, kind, metadata and spec; may not change namespace or name
     */
    public CompletionStage<Written> patch(RuleKey key, String patch, Precondition precondition, Caller caller) {
        return patch(key, patch, precondition, caller, WriteGuard.NONE);
    }

    /** The same, if the guard lets it pass. */
    public CompletionStage<Written> patch(
            RuleKey key, String patch, Precondition precondition, Caller caller, WriteGuard guard) {
        return writes.patch(key, patch, precondition, caller, guard);
    }

    /** What a patch makes of a document. @throws RegistryException.Invalid */
    public static RuleDocument patched(RuleDocument document, String patch) {
        return MergePatch.apply(document, MergePatch.parse(patch));
    }

    /** Ends a rule; fails with {@link RegistryException.NotFound}. */
    public CompletionStage<Deleted> delete(RuleKey key, Precondition precondition, Caller caller) {
        return delete(key, precondition, caller, WriteGuard.NONE);
    }

    /** The same, if the guard lets it pass. */
    public CompletionStage<Deleted> delete(RuleKey key, Precondition precondition, Caller caller, WriteGuard guard) {
        return writes.delete(key, precondition, caller, guard);
    }

    /** Ends all rules that match, whoever changes them meanwhile. Stopping nothing is no error, so it needs no idempotency key. */
    public CompletionStage<Stopped> stop(Filter filter, Caller caller) {
        return RuleListing.current(store, mirror, filter)
                .thenCompose(found -> writes.deleteAll(found, caller))
                .thenApply(Stopped::new);
    }

    public KillSwitch killSwitch() {
        return mirror.snapshot().killSwitch();
    }

    /** Switches all faults of the fleet off, or lets them act again. */
    public CompletionStage<KillSwitch> setKillSwitch(boolean engaged, String reason, Caller caller) {
        return writes.setKillSwitch(engaged, reason, caller);
    }

    /** Adds the wait until the snapshot has it; a write that is done must not fail for it. */
    static <T> CompletionStage<T> seen(RuleMirror mirror, long revision, T result) {
        return mirror.awaitRevision(revision)
                .toCompletableFuture()
                .completeOnTimeout(RuleSnapshot.EMPTY, SEEN_MILLIS, TimeUnit.MILLISECONDS)
                .thenApply(snapshot -> result);
    }

    @Override
    public void close() {
        synchronized (this) {
            if (expiry != null) {
                expiry.close();
            }
        }
        mirror.close();
        executor.shutdown();
    }
}
