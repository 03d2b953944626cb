package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.KillSwitch;
import dev.mishap.control.rules.LabelSelector;
import dev.mishap.control.rules.RegistryException;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.control.rules.RuleRegistry;
import dev.mishap.control.rules.RuleRegistry.Filter;
import dev.mishap.control.rules.RuleRegistry.Listing;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.rules.WriteGuard;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Role;
import dev.mishap.control.store.StoreException;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.RuleOverlap;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What callers do with rules, whichever protocol they come by: may they, does policy allow it, and then the registry. Blocks until the
 * store has answered. Everything that goes wrong is a {@link ProblemException}.
 */
public final class RuleService {
    private static final long STORE_MILLIS = 15_000;
    private static final int MAX_OVERLAPS = 200;

    private final RuleRegistry registry;
    private final FleetView fleet;
    private final InstantSource clock;

    public RuleService(RuleRegistry registry, FleetView fleet, InstantSource clock) {
        this.registry = registry;
        this.fleet = fleet;
        this.clock = clock;
    }

    /** A rule as it now is. @param created it was not there before */
    record Written(StoredRule rule, boolean created, boolean replayed) {}

    RuleRegistry registry() {
        return registry;
    }

    FleetView fleet() {
        return fleet;
    }

    Instant now() {
        return clock.instant();
    }

    StoredRule get(Caller caller, RuleKey key) {
        caller.requireWithin(Role.VIEWER, key.namespace());
        StoredRule rule = registry.get(key);
        if (rule == null || !caller.may(Role.VIEWER, key.namespace(), rule.labels())) {
            throw new ProblemException(ProblemKind.NOT_FOUND, "there is no rule " + key);
        }
        return rule;
    }

    Listing list(
            Caller caller,
            @Nullable String namespace,
            @Nullable String experimentId,
            LabelSelector labels,
            int limit,
            @Nullable String token) {
        requireViewer(caller, namespace);
        return await(() -> registry.list(filter(caller, namespace, experimentId, labels, Role.VIEWER), limit, token));
    }

    static void requireViewer(Caller caller, @Nullable String namespace) {
        if (namespace == null) {
            caller.requireAnywhere(Role.VIEWER);
        } else {
            requireNamespace(namespace);
            caller.requireWithin(Role.VIEWER, namespace);
        }
    }

    static Filter filter(
            Caller caller, @Nullable String namespace, @Nullable String experimentId, LabelSelector labels, Role role) {
        Predicate<StoredRule> allowed =
                caller.mayEverywhere(role) ? rule -> true : rule -> caller.may(role, rule.namespace(), rule.labels());
        return new Filter(namespace, experimentId, labels, allowed);
    }

    static void requireNamespace(String namespace) {
        try {
            dev.mishap.rules.FleetRule.requireNamespace(namespace);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("namespace", String.valueOf(e.getMessage()));
        }
    }

    Written create(Caller caller, RuleDocument document, @Nullable String idempotencyKey) {
        return written(await(
                () -> registry.create(document, asker(caller, idempotencyKey), guard(caller, document.namespace()))));
    }

    Written replace(Caller caller, RuleDocument document, Conditions conditions, @Nullable String idempotencyKey) {
        return written(await(() -> registry.replace(
                document,
                conditions.precondition(),
                asker(caller, idempotencyKey),
                conditions.guard(guard(caller, document.namespace())))));
    }

    Written patch(Caller caller, RuleKey key, String patch, Conditions conditions, @Nullable String idempotencyKey) {
        return written(await(() -> registry.patch(
                key,
                patch,
                conditions.precondition(),
                asker(caller, idempotencyKey),
                conditions.guard(guard(caller, key.namespace())))));
    }

    StoredRule delete(Caller caller, RuleKey key, Conditions conditions, @Nullable String idempotencyKey) {
        return await(() -> registry.delete(
                        key,
                        conditions.precondition(),
                        asker(caller, idempotencyKey),
                        conditions.guard(guard(caller, key.namespace()))))
                .rule();
    }

    /** Ends the rules that match and that the caller may end. */
    List<StoredRule> stop(
            Caller caller,
            @Nullable String namespace,
            @Nullable String experimentId,
            LabelSelector labels,
            Set<String> names) {
        if (namespace == null) {
            caller.requireAnywhere(Role.OPERATOR);
        } else {
            requireNamespace(namespace);
            caller.requireWithin(Role.OPERATOR, namespace);
        }
        Filter allowed = filter(caller, namespace, experimentId, labels, Role.OPERATOR);
        Filter filter = names.isEmpty()
                ? allowed
                : new Filter(
                        namespace,
                        experimentId,
                        labels,
                        rule -> names.contains(rule.name()) && allowed.others().test(rule));
        return await(() -> registry.stop(filter, asker(caller, null))).rules();
    }

    /** Stopping is safe, so every operator may; letting faults act again is for those who may everywhere. */
    KillSwitch killSwitch(Caller caller, boolean engaged, String reason) {
        if (engaged) {
            caller.requireAnywhere(Role.OPERATOR);
        } else {
            caller.requireEverywhere(Role.OPERATOR);
        }
        if (reason.length() > 1000) {
            throw ProblemException.invalid("reason", "must have at most 1000 characters");
        }
        return await(() -> registry.setKillSwitch(engaged, reason, asker(caller, null)));
    }

    KillSwitch killSwitch() {
        return registry.killSwitch();
    }

    /** All that would be checked and done, but the write. */
    Map<String, Object> dryRun(Caller caller, RuleDocument document, Conditions conditions, boolean create) {
        StoredRule current = registry.get(document.key());
        if (create && current != null) {
            throw new ProblemException(ProblemKind.EXISTS, "rule " + document.key() + " exists already");
        }
        if (!conditions.precondition().holds(current == null ? 0 : current.revision())) {
            throw new ProblemException(
                    ProblemKind.PRECONDITION_FAILED, "rule " + document.key() + " is not as the request expects it");
        }
        conditions.guard(guard(caller, document.namespace())).check(current, document);
        Map<String, Object> result = Documents.map(
                "kind",
                "DryRun",
                "outcome",
                current == null ? "created" : current.document().equals(document) ? "unchanged" : "configured",
                "rule",
                document.write(),
                "honouring",
                Documents.honouring(fleet.honouring(document.namespace(), document.rule()), true));
        List<Object> overlaps = new ArrayList<>();
        for (Overlap overlap : overlapping(caller, document)) {
            overlaps.add(Documents.map("rules", overlap.rules(), "outcome", overlap.outcome()));
        }
        result.put("overlaps", overlaps);
        return result;
    }

    /** The same for a patch. */
    Map<String, Object> dryRunPatch(Caller caller, RuleKey key, String patch, Conditions conditions) {
        return dryRun(caller, patched(caller, key, patch), conditions, false);
    }

    /** What a patch would make of a rule. */
    RuleDocument patched(Caller caller, RuleKey key, String patch) {
        StoredRule current = get(caller, key);
        return await(() ->
                java.util.concurrent.CompletableFuture.completedStage(RuleRegistry.patched(current.document(), patch)));
    }

    /** Rules that one request can meet, and what they do together. */
    record Overlap(List<String> rules, List<String> outcome) {}

    /** The rules of the namespace that can meet this one, and what they do together. */
    List<Overlap> overlapping(Caller caller, RuleDocument document) {
        FaultRule rule = document.rule();
        List<FaultRule> rules = new ArrayList<>();
        rules.add(rule);
        registry.snapshot().forEach(other -> {
            if (rules.size() < MAX_OVERLAPS
                    && other.namespace().equals(document.namespace())
                    && !other.name().equals(rule.name())
                    && !other.expired(now())
                    && caller.may(Role.VIEWER, other.namespace(), other.labels())) {
                rules.add(other.rule());
            }
        });
        List<Overlap> overlaps = new ArrayList<>();
        for (RuleOverlap overlap : RuleOverlap.among(rules)) {
            if (overlap.rules().stream().anyMatch(each -> each.name().equals(rule.name()))) {
                overlaps.add(new Overlap(
                        overlap.rules().stream().map(FaultRule::name).toList(), overlap.outcome()));
            }
        }
        return overlaps;
    }

    /** The rule with what the fleet makes of it. */
    Map<String, Object> document(StoredRule rule, boolean honouring) {
        Map<String, Object> document = Documents.rule(rule, now(), registry.killSwitch());
        if (honouring) {
            Map<String, Object> status = new LinkedHashMap<>(Documents.object(document, "status"));
            status.put("honouring", Documents.honouring(fleet.honouring(rule.namespace(), rule.rule()), false));
            document.put("status", status);
        }
        return document;
    }

    private static WriteGuard guard(Caller caller, String namespace) {
        caller.requireWithin(Role.OPERATOR, namespace);
        return (current, next) -> {
            if (current != null) {
                caller.require(Role.OPERATOR, namespace, current.labels());
            }
            if (next != null) {
                caller.require(Role.OPERATOR, namespace, next.rule().labels());
                Policy.check(next);
            }
        };
    }

    private static dev.mishap.control.rules.Caller asker(Caller caller, @Nullable String idempotencyKey) {
        if (idempotencyKey != null
                && (idempotencyKey.isEmpty()
                        || idempotencyKey.length() > 255
                        || !idempotencyKey.chars().allMatch(c -> c >= ' ' && c < 127))) {
            throw ProblemException.invalid("idempotency-key", "expected 1 to 255 printable ASCII characters");
        }
        return new dev.mishap.control.rules.Caller(caller.name(), caller.address(), idempotencyKey);
    }

    private static Written written(RuleRegistry.Written written) {
        return new Written(written.rule(), written.created(), written.replayed());
    }

    /** Waits; what the registry or the store refused becomes a problem. */
    static <T> T await(Supplier<CompletionStage<T>> work) {
        try {
            return StoreException.await(work.get(), STORE_MILLIS);
        } catch (RegistryException.NotFound e) {
            throw new ProblemException(ProblemKind.NOT_FOUND, String.valueOf(e.getMessage()));
        } catch (RegistryException.AlreadyExists e) {
            throw new ProblemException(ProblemKind.EXISTS, String.valueOf(e.getMessage()));
        } catch (RegistryException.PreconditionFailed e) {
            throw new ProblemException(ProblemKind.PRECONDITION_FAILED, String.valueOf(e.getMessage()));
        } catch (RegistryException.Contended e) {
            throw new ProblemException(ProblemKind.CONFLICT, String.valueOf(e.getMessage()));
        } catch (RegistryException.IdempotencyConflict e) {
            throw new ProblemException(ProblemKind.UNPROCESSABLE, String.valueOf(e.getMessage()));
        } catch (RegistryException.BadToken e) {
            throw new ProblemException(ProblemKind.GONE, String.valueOf(e.getMessage()));
        } catch (RegistryException.Invalid e) {
            throw RuleBody.refused(e.problems());
        } catch (StoreException.TooLarge e) {
            throw new ProblemException(ProblemKind.TOO_LARGE, String.valueOf(e.getMessage()));
        } catch (StoreException e) {
            boolean unknown = e instanceof StoreException.Unavailable unavailable && unavailable.unknown();
            throw new ProblemException(
                            ProblemKind.UNAVAILABLE,
                            "the store cannot do that now: " + e.getMessage()
                                    + (unknown ? "; the change may have been made all the same" : ""))
                    .with("retry-after", "1");
        }
    }
}
