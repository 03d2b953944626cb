package dev.mishap.control.rules;

import dev.mishap.control.audit.AuditLog;
import dev.mishap.control.audit.AuditRecord;
import dev.mishap.control.rules.RuleRegistry.Deleted;
import dev.mishap.control.rules.RuleRegistry.Written;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Leadership;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.rules.yaml.DocumentText;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * How rules are changed: read, decide, and a transaction that holds only if nothing changed in between; again if something did and the
 * caller did not insist on a revision.
 */
final class RuleWrites {
    private static final int ATTEMPTS = 16;
    /** Deletes of one transaction. */
    private static final int BATCH = 40;

    private final Store store;
    private final RuleMirror mirror;
    private final InstantSource clock;

    RuleWrites(Store store, RuleMirror mirror, InstantSource clock) {
        this.store = store;
        this.mirror = mirror;
        this.clock = clock;
    }

    /** What a request makes of the rule that is there. */
    private interface Decision {
        /** @return the new rule; null = delete it */
        @Nullable
        RuleDocument decide(@Nullable StoredRule current);
    }

    /** A request on its way. */
    private final class Request {
        private final RuleKey key;
        private final Precondition precondition;
        private final Caller caller;
        private final Decision decision;
        private final @Nullable Idempotency idempotency;
        private final WriteGuard guard;
        private int attempts;

        private Request(
                RuleKey key,
                Precondition precondition,
                Caller caller,
                WriteGuard guard,
                String fingerprint,
                Decision decision) {
            this.key = key;
            this.precondition = precondition;
            this.caller = caller;
            this.decision = decision;
            this.guard = guard;
            idempotency = Idempotency.of(caller, fingerprint);
        }

        private CompletionStage<Outcome> run() {
            if (idempotency == null) {
                return decide(null, mirror.snapshot().get(key));
            }
            return store.get(idempotency.key())
                    .thenCompose(entry ->
                            decide(entry.orElse(null), mirror.snapshot().get(key)));
        }

        private CompletionStage<Outcome> decide(@Nullable Entry known, @Nullable StoredRule current) {
            Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
            if (idempotency != null && known != null) {
                Idempotency.Known earlier = Idempotency.read(known);
                if (now.isBefore(earlier.until())) {
                    return earlier.hash().equals(idempotency.hash())
                            ? CompletableFuture.completedStage(earlier.outcome())
                            : CompletableFuture.failedStage(new RegistryException.IdempotencyConflict());
                }
            }
            Transaction transaction;
            StoredRule rule;
            boolean deletes;
            try {
                long found = current == null ? 0 : current.revision();
                if (!precondition.holds(found)) {
                    throw new RegistryException.PreconditionFailed(key, precondition, found);
                }
                RuleDocument document = decision.decide(current);
                deletes = document == null;
                rule = document == null ? requireFound(current) : next(document, current, now);
                guard.check(current, document);
                transaction = transaction(rule, deletes, found, known, current, now);
            } catch (RegistryException | StoreException e) {
                // What the snapshot says may be of yesterday: before a refusal the store is asked.
                return attempts++ == 0 ? fresh(known) : CompletableFuture.failedStage(e);
            }
            return store.commit(transaction)
                    .thenApply(revision ->
                            new Outcome(withRevision(rule, deletes, revision), current == null, false, revision))
                    .handle((outcome, failure) -> failure == null
                            ? CompletableFuture.completedStage(outcome)
                            : again(StoreException.unwrap(failure)))
                    .thenCompose(Function.identity());
        }

        private StoredRule requireFound(@Nullable StoredRule current) {
            if (current == null) {
                throw new RegistryException.NotFound(key);
            }
            return current;
        }

        private StoredRule next(RuleDocument document, @Nullable StoredRule current, Instant now) {
            boolean same = current != null
                    && current.rule().equals(withLabels(document, current).rule());
            return new StoredRule(
                    document,
                    current == null ? UUID.randomUUID().toString() : current.uid(),
                    current == null ? 1 : same ? current.generation() : current.generation() + 1,
                    0,
                    current == null ? now : current.created(),
                    now,
                    expires(document, now),
                    caller.who());
        }

        private Transaction transaction(
                StoredRule rule,
                boolean deletes,
                long found,
                @Nullable Entry known,
                @Nullable StoredRule current,
                Instant now) {
            Transaction.Builder builder = Transaction.builder().ifModRevision(RuleCodec.key(key), found);
            if (deletes) {
                builder.delete(RuleCodec.key(key));
            } else {
                builder.put(RuleCodec.key(key), RuleCodec.write(rule));
            }
            AuditLog.addTo(
                    builder,
                    record(
                            now,
                            caller,
                            deletes ? "rule.delete" : current == null ? "rule.create" : "rule.update",
                            current,
                            deletes ? null : rule));
            if (idempotency != null) {
                builder.ifModRevision(idempotency.key(), known == null ? 0 : known.modRevision());
                builder.put(
                        idempotency.key(),
                        idempotency.record(rule, deletes, current == null, now.plus(RuleRegistry.IDEMPOTENCY)));
            }
            return builder.build();
        }

        private CompletionStage<Outcome> again(Throwable failure) {
            if (failure instanceof StoreException.Conflict) {
                return ++attempts < ATTEMPTS
                        ? fresh(null)
                        : CompletableFuture.failedStage(new RegistryException.Contended(key));
            }
            return CompletableFuture.failedStage(failure);
        }

        /** Decides anew by what the store holds now. */
        private CompletionStage<Outcome> fresh(@Nullable Entry known) {
            attempts = Math.max(attempts, 1);
            CompletionStage<@Nullable Entry> idem = idempotency == null
                    ? CompletableFuture.completedStage(known)
                    : store.get(idempotency.key()).thenApply(e -> e.orElse(null));
            return idem.thenCompose(entry -> store.get(RuleCodec.key(key)).thenCompose(rule -> {
                StoredRule current;
                try {
                    current = rule.map(RuleCodec::read).orElse(null);
                } catch (IllegalArgumentException e) {
                    return CompletableFuture.failedStage(
                            new StoreException.Unavailable("rule " + key + " can't be read: " + e.getMessage(), e));
                }
                return decide(entry, current);
            }));
        }
    }

    /** @param rule as written, or as it was before its deletion */
    record Outcome(StoredRule rule, boolean created, boolean replayed, long revision) {}

    private static StoredRule withRevision(StoredRule rule, boolean deleted, long revision) {
        return deleted
                ? rule
                : new StoredRule(
                        rule.document(),
                        rule.uid(),
                        rule.generation(),
                        revision,
                        rule.created(),
                        rule.updated(),
                        rule.expires(),
                        rule.who());
    }

    private static RuleDocument withLabels(RuleDocument document, StoredRule labelled) {
        return new RuleDocument(
                document.namespace(),
                document.annotations(),
                document.overrideReason(),
                document.rule().withLabels(labelled.labels()));
    }

    static @Nullable Instant expires(RuleDocument document, Instant now) {
        Duration ttl = document.rule().ttl();
        Instant end = document.rule().schedule().end();
        Instant byTtl = ttl == null ? null : now.plus(ttl);
        return byTtl == null || end != null && end.isBefore(byTtl) ? end : byTtl;
    }

    private static AuditRecord record(
            Instant now, Caller caller, String action, @Nullable StoredRule before, @Nullable StoredRule after) {
        StoredRule either = after != null ? after : before;
        return new AuditRecord(
                now,
                caller.who(),
                caller.from(),
                action,
                either == null ? "" : either.key().toString(),
                before == null ? null : before.document().write(),
                after == null ? null : after.document().write(),
                null);
    }

    private CompletionStage<Written> write(Request request) {
        return request.run()
                .thenCompose(outcome -> RuleRegistry.seen(
                        mirror, outcome.revision, new Written(outcome.rule, outcome.created, outcome.replayed)));
    }

    CompletionStage<Written> create(RuleDocument document, Caller caller, WriteGuard guard) {
        RuleKey key = document.key();
        return write(new Request(key, Precondition.NONE, caller, guard, "create " + text(document), current -> {
            if (current != null) {
                throw new RegistryException.AlreadyExists(key);
            }
            return document;
        }));
    }

    CompletionStage<Written> replace(
            RuleDocument document, Precondition precondition, Caller caller, WriteGuard guard) {
        return write(new Request(
                document.key(),
                precondition,
                caller,
                guard,
                "replace " + precondition + ' ' + text(document),
                current -> document));
    }

    CompletionStage<Written> patch(
            RuleKey key, String patch, Precondition precondition, Caller caller, WriteGuard guard) {
        JsonNode tree;
        try {
            tree = MergePatch.parse(patch);
        } catch (RegistryException.Invalid e) {
            return CompletableFuture.failedStage(e);
        }
        return write(new Request(
                key, precondition, caller, guard, "patch " + key + ' ' + precondition + ' ' + tree, current -> {
                    if (current == null) {
                        throw new RegistryException.NotFound(key);
                    }
                    return MergePatch.apply(current.document(), tree);
                }));
    }

    CompletionStage<Deleted> delete(RuleKey key, Precondition precondition, Caller caller, WriteGuard guard) {
        Request request =
                new Request(key, precondition, caller, guard, "delete " + key + ' ' + precondition, current -> {
                    if (current == null) {
                        throw new RegistryException.NotFound(key);
                    }
                    return null;
                });
        return request.run()
                .thenCompose(outcome ->
                        RuleRegistry.seen(mirror, outcome.revision, new Deleted(outcome.rule, outcome.replayed)));
    }

    CompletionStage<List<StoredRule>> deleteAll(List<StoredRule> rules, Caller caller) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        List<CompletableFuture<Long>> commits = new ArrayList<>();
        for (int i = 0; i < rules.size(); i += BATCH) {
            Transaction.Builder builder = Transaction.builder();
            for (StoredRule rule : rules.subList(i, Math.min(rules.size(), i + BATCH))) {
                builder.delete(RuleCodec.key(rule.key()));
                // Of a rule the name is enough here: what it was stands in the record of its last change.
                AuditLog.addTo(
                        builder,
                        new AuditRecord(
                                now,
                                caller.who(),
                                caller.from(),
                                "rule.stop",
                                rule.key().toString(),
                                null,
                                null,
                                "revision " + rule.revision()));
            }
            commits.add(store.commit(builder.build()).toCompletableFuture());
        }
        return CompletableFuture.allOf(commits.toArray(new CompletableFuture<?>[0]))
                .exceptionally(failure -> {
                    throw new CompletionException(StoreException.unwrap(failure));
                })
                .thenCompose(done -> {
                    long last = commits.stream()
                            .mapToLong(CompletableFuture::join)
                            .max()
                            .orElse(0);
                    return RuleRegistry.seen(mirror, last, rules);
                });
    }

    CompletionStage<KillSwitch> setKillSwitch(boolean engaged, String reason, Caller caller) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        KillSwitch next = new KillSwitch(engaged, reason, caller.who(), now, 0);
        Transaction.Builder builder = Transaction.builder().put(RuleCodec.KILL_SWITCH, RuleCodec.write(next));
        String action = engaged ? "kill-switch.engage" : "kill-switch.release";
        AuditLog.addTo(builder, new AuditRecord(now, caller.who(), caller.from(), action, "fleet", null, null, reason));
        return store.commit(builder.build())
                .thenCompose(revision -> RuleRegistry.seen(
                        mirror, revision, new KillSwitch(engaged, reason, next.who(), now, revision)));
    }

    /** Ends a rule whose time is over, if it is still the same and {@code leadership} holds. */
    CompletionStage<Long> expire(StoredRule rule, Leadership leadership) {
        Transaction.Builder builder = leadership
                .fence(Transaction.builder())
                .ifModRevision(RuleCodec.key(rule.key()), rule.revision())
                .delete(RuleCodec.key(rule.key()));
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        AuditRecord record = record(now, Caller.of("mishap", "expiry"), "rule.expire", rule, null);
        return store.commit(AuditLog.addTo(builder, record).build());
    }

    private static String text(RuleDocument document) {
        return DocumentText.jsonLine(document.write());
    }
}
