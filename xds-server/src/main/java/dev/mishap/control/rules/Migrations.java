package dev.mishap.control.rules;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.backup.Backup;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what an older program has written to the form of this one, before anything is read. Each step changes one record in one
 * transaction that holds only if nobody did so before, so it can be interrupted, and several replicas can do it at the same time.
 *
 * <p>A new step: raise {@link RuleCodec#SCHEMA_VERSION}, add it to {@link #step}, and a test with records of the version before.
 */
final class Migrations {
    static final String VERSION = "meta/schema";
    private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
    /** Version 0: a FaultRule document as it is, without a namespace. */
    private static final String RULES_V0 = "rules/";

    private final Store store;
    private final InstantSource clock;

    Migrations(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    /** Fails with an IllegalStateException when the store is of a newer program, or half restored. */
    CompletionStage<@Nullable Void> run() {
        return store.get(Backup.UNFINISHED).thenCompose(unfinished -> {
            if (unfinished.isPresent()) {
                throw new IllegalStateException(
                        "the store is half restored: run `mishap store restore` again, to its end");
            }
            return store.get(VERSION).thenCompose(this::from);
        });
    }

    private CompletionStage<@Nullable Void> from(Optional<Entry> entry) {
        int version = entry.map(e -> version(e.value())).orElse(0);
        if (version > RuleCodec.SCHEMA_VERSION) {
            throw new IllegalStateException("the store was written by a newer program (schema " + version
                    + "); this one knows " + RuleCodec.SCHEMA_VERSION);
        }
        if (version == RuleCodec.SCHEMA_VERSION) {
            return CompletableFuture.completedStage(null);
        }
        Transaction done = Transaction.builder()
                .ifModRevision(VERSION, entry.map(Entry::modRevision).orElse(0L))
                .put(VERSION, Bytes.utf8(Integer.toString(version + 1)))
                .build();
        // Whether this replica or another one says so makes no difference: it goes on from what is there then.
        return step(version)
                .thenCompose(moved -> {
                    if (moved > 0) {
                        LOG.info("{} records of schema {} are now of {}", moved, version, version + 1);
                    }
                    return unlessConflict(store.commit(done));
                })
                .thenCompose(committed -> store.get(VERSION).thenCompose(this::from));
    }

    private static int version(Bytes bytes) {
        try {
            return Integer.parseInt(bytes.utf8());
        } catch (NumberFormatException e) {
            throw new IllegalStateException("the store's " + VERSION + " can't be read", e);
        }
    }

    private CompletionStage<Long> step(int from) {
        return switch (from) {
            case 0 -> eachOf(RULES_V0, null, 0, this::ruleFrom0);
            default -> throw new IllegalStateException("there is no step from schema " + from);
        };
    }

    /** One record. */
    private interface Step {
        /** @return null = leave it */
        @Nullable
        Transaction move(Entry entry);
    }

    private CompletionStage<Long> eachOf(String prefix, @Nullable String after, long moved, Step step) {
        return store.list(prefix, after, 100, 0).thenCompose(page -> {
            CompletionStage<Long> all = CompletableFuture.completedStage(moved);
            for (Entry entry : page.entries()) {
                Transaction transaction = step.move(entry);
                if (transaction != null) {
                    all = all.thenCompose(count ->
                            unlessConflict(store.commit(transaction)).thenApply(done -> done ? count + 1 : count));
                }
            }
            return page.more()
                    ? all.thenCompose(count -> eachOf(
                            prefix,
                            page.entries().get(page.entries().size() - 1).key(),
                            count,
                            step))
                    : all;
        });
    }

    /** False: another replica did it. */
    private static CompletionStage<Boolean> unlessConflict(CompletionStage<Long> commit) {
        return commit.handle((revision, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.completedStage(true);
                    }
                    Throwable cause = StoreException.unwrap(failure);
                    return cause instanceof StoreException.Conflict
                            ? CompletableFuture.completedStage(false)
                            : CompletableFuture.<Boolean>failedStage(cause);
                })
                .thenCompose(Function.identity());
    }

    private @Nullable Transaction ruleFrom0(Entry entry) {
        RuleDocument.Result read = RuleDocument.readOne(entry.value().utf8(), entry.key(), RuleKey.DEFAULT_NAMESPACE);
        if (!read.ok()) {
            LOG.warn(
                    "{} of schema 0 can't be read and is left as it is: {}",
                    entry.key(),
                    read.problems().get(0));
            return null;
        }
        RuleDocument document = read.documents().get(0);
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        StoredRule rule = new StoredRule(
                document, UUID.randomUUID().toString(), 1, 0, now, now, RuleWrites.expires(document, now), "migration");
        String key = RuleCodec.key(document.key());
        return Transaction.builder()
                .ifModRevision(entry.key(), entry.modRevision())
                .ifAbsent(key)
                .delete(entry.key())
                .put(key, RuleCodec.write(rule))
                .build();
    }

    /** For tests: what a program of schema 0 would have written. */
    static Transaction rule0(String name, Map<String, Object> document) {
        return Transaction.put(RULES_V0 + name, RuleCodec.bytes(document));
    }
}
