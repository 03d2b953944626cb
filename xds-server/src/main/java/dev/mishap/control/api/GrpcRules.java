package dev.mishap.control.api;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.mishap.control.http.Etags;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.LabelSelector;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.control.rules.RuleRegistry.Filter;
import dev.mishap.control.rules.RuleRegistry.Listing;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Role;
import dev.mishap.control.v1.CreateRuleRequest;
import dev.mishap.control.v1.DeleteRuleRequest;
import dev.mishap.control.v1.GetRuleRequest;
import dev.mishap.control.v1.ListRulesRequest;
import dev.mishap.control.v1.ListRulesResponse;
import dev.mishap.control.v1.PatchRuleRequest;
import dev.mishap.control.v1.ReplaceRuleRequest;
import dev.mishap.control.v1.RulesGrpc;
import dev.mishap.control.v1.StopRulesRequest;
import dev.mishap.control.v1.StopRulesResponse;
import dev.mishap.control.v1.WatchEvent;
import dev.mishap.control.v1.WatchRulesRequest;
import dev.mishap.control.v1.WriteResponse;
import dev.mishap.rules.yaml.DocumentText;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Rules over gRPC. */
final class GrpcRules extends RulesGrpc.RulesImplBase {
    private static final int MAX_DEPTH = 32;
    private static final int MAX_LIMIT = 500;

    private final GrpcCalls calls;

    GrpcRules(GrpcCalls calls) {
        this.calls = calls;
    }

    private dev.mishap.control.v1.StoredRule message(StoredRule rule) {
        RuleService service = calls.service();
        return GrpcMessages.rule(rule, service.now(), service.killSwitch());
    }

    private WriteResponse written(RuleService.Written written) {
        WriteResponse.Builder response = WriteResponse.newBuilder()
                .setRule(message(written.rule()))
                .setCreated(written.created())
                .setReplayed(written.replayed());
        nodes(response, written.rule().document());
        return response.build();
    }

    private void nodes(WriteResponse.Builder response, RuleDocument document) {
        calls.service()
                .fleet()
                .honouring(document.namespace(), document.rule())
                .forEach(honour -> response.addNodes(GrpcMessages.outcome(honour)));
    }

    private WriteResponse dryRun(Caller caller, RuleDocument document, Conditions conditions, boolean create) {
        RuleService service = calls.service();
        Map<String, Object> result = service.dryRun(caller, document, conditions, create);
        WriteResponse.Builder response = WriteResponse.newBuilder()
                .setCreated("created".equals(result.get("outcome")))
                .setOutcome(String.valueOf(result.get("outcome")));
        nodes(response, document);
        for (RuleService.Overlap overlap : service.overlapping(caller, document)) {
            response.addOverlapsBuilder().addAllRules(overlap.rules()).addAllOutcome(overlap.outcome());
        }
        return response.build();
    }

    private static @Nullable String optional(String text) {
        return text.isEmpty() ? null : text;
    }

    private static Conditions conditions(long version, boolean absent, String uid) {
        if (version < 0) {
            throw ProblemException.invalid("if_resource_version", "must not be negative");
        }
        return Conditions.of(version == 0 ? null : Etags.of(version), absent ? "*" : null, null, optional(uid));
    }

    private static RuleKey key(String namespace, String name) {
        String where = namespace.isEmpty() ? RuleKey.DEFAULT_NAMESPACE : namespace;
        RuleService.requireNamespace(where);
        return new RuleKey(where, name);
    }

    private static LabelSelector labels(String text) {
        try {
            return LabelSelector.parse(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("label_selector", String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void createRule(CreateRuleRequest request, StreamObserver<WriteResponse> observer) {
        calls.answer(observer, caller -> {
            RuleDocument document = GrpcMessages.document(request.getDocument());
            return request.getDryRun()
                    ? dryRun(caller, document, Conditions.NONE, true)
                    : written(calls.service().create(caller, document, optional(request.getIdempotencyKey())));
        });
    }

    @Override
    public void getRule(GetRuleRequest request, StreamObserver<dev.mishap.control.v1.StoredRule> observer) {
        calls.answer(
                observer,
                caller -> message(calls.service().get(caller, key(request.getNamespace(), request.getName()))));
    }

    @Override
    public void listRules(ListRulesRequest request, StreamObserver<ListRulesResponse> observer) {
        calls.answer(observer, caller -> {
            int limit = request.getPageSize() == 0 ? 100 : request.getPageSize();
            if (limit < 1 || limit > MAX_LIMIT) {
                throw ProblemException.invalid("page_size", "must be from 1 to " + MAX_LIMIT);
            }
            Listing listing = calls.service()
                    .list(
                            caller,
                            optional(request.getNamespace()),
                            optional(request.getExperimentId()),
                            labels(request.getLabelSelector()),
                            limit,
                            optional(request.getPageToken()));
            ListRulesResponse.Builder response = ListRulesResponse.newBuilder().setResourceVersion(listing.revision());
            listing.rules().forEach(rule -> response.addRules(message(rule)));
            String next = listing.next();
            return next == null
                    ? response.build()
                    : response.setNextPageToken(next).build();
        });
    }

    @Override
    public void replaceRule(ReplaceRuleRequest request, StreamObserver<WriteResponse> observer) {
        calls.answer(observer, caller -> {
            RuleDocument document = GrpcMessages.document(request.getDocument());
            Conditions conditions =
                    conditions(request.getIfResourceVersion(), request.getIfAbsent(), request.getIfUid());
            return request.getDryRun()
                    ? dryRun(caller, document, conditions, false)
                    : written(calls.service()
                            .replace(caller, document, conditions, optional(request.getIdempotencyKey())));
        });
    }

    @Override
    public void patchRule(PatchRuleRequest request, StreamObserver<WriteResponse> observer) {
        calls.answer(observer, caller -> {
            RuleKey key = key(request.getNamespace(), request.getName());
            caller.requireWithin(Role.OPERATOR, key.namespace());
            String patch = DocumentText.jsonLine(plain(request.getMergePatch(), 0));
            RuleBody.requirePatchable(Json.read(patch));
            Conditions conditions = conditions(request.getIfResourceVersion(), false, "");
            return request.getDryRun()
                    ? dryRun(caller, calls.service().patched(caller, key, patch), conditions, false)
                    : written(calls.service()
                            .patch(caller, key, patch, conditions, optional(request.getIdempotencyKey())));
        });
    }

    private static Map<String, Object> plain(Struct struct, int depth) {
        if (depth > MAX_DEPTH) {
            throw ProblemException.invalid("merge_patch", "is nested more than " + MAX_DEPTH + " levels deep");
        }
        Map<String, Object> map = new LinkedHashMap<>();
        struct.getFieldsMap().forEach((name, value) -> putPlain(map, name, value, depth));
        return map;
    }

    @SuppressWarnings("NullAway") // A null is what a merge patch takes fields away with; the writer knows it.
    private static void putPlain(Map<String, Object> map, String name, Value value, int depth) {
        map.put(name, plain(value, depth));
    }

    private static @Nullable Object plain(Value value, int depth) {
        return switch (value.getKindCase()) {
            case STRUCT_VALUE -> plain(value.getStructValue(), depth + 1);
            case LIST_VALUE -> plain(value.getListValue(), depth + 1);
            case STRING_VALUE -> value.getStringValue();
            case BOOL_VALUE -> value.getBoolValue();
            case NUMBER_VALUE -> number(value.getNumberValue());
            case NULL_VALUE, KIND_NOT_SET -> null;
        };
    }

    private static Object number(double number) {
        if (!Double.isFinite(number)) {
            throw ProblemException.invalid("merge_patch", "a number must be finite");
        }
        return number == Math.rint(number) && Math.abs(number) < 1e15
                ? (Object) (long) number
                : new BigDecimal(Double.toString(number));
    }

    private static List<Object> plain(ListValue list, int depth) {
        if (depth > MAX_DEPTH) {
            throw ProblemException.invalid("merge_patch", "is nested more than " + MAX_DEPTH + " levels deep");
        }
        List<Object> values = new ArrayList<>();
        for (Value value : list.getValuesList()) {
            Object plain = plain(value, depth);
            if (plain == null) {
                throw ProblemException.invalid("merge_patch", "a list has no nulls");
            }
            values.add(plain);
        }
        return values;
    }

    @Override
    public void deleteRule(DeleteRuleRequest request, StreamObserver<dev.mishap.control.v1.StoredRule> observer) {
        calls.answer(
                observer,
                caller -> message(calls.service()
                        .delete(
                                caller,
                                key(request.getNamespace(), request.getName()),
                                conditions(request.getIfResourceVersion(), false, ""),
                                optional(request.getIdempotencyKey()))));
    }

    @Override
    public void stopRules(StopRulesRequest request, StreamObserver<StopRulesResponse> observer) {
        calls.answer(observer, caller -> {
            boolean chosen = request.getNamesCount() > 0
                    || !request.getExperimentId().isEmpty()
                    || !request.getLabelSelector().isBlank();
            if (chosen == request.getAll()) {
                throw ProblemException.invalid(
                        "all", "expected names, experiment_id or label_selector; or all and none of them");
            }
            StopRulesResponse.Builder response = StopRulesResponse.newBuilder();
            calls.service()
                    .stop(
                            caller,
                            optional(request.getNamespace()),
                            optional(request.getExperimentId()),
                            labels(request.getLabelSelector()),
                            Set.copyOf(request.getNamesList()))
                    .forEach(rule -> response.addRules(message(rule)));
            return response.build();
        });
    }

    @Override
    public void watchRules(WatchRulesRequest request, StreamObserver<WatchEvent> observer) {
        ServerCallStreamObserver<WatchEvent> stream = (ServerCallStreamObserver<WatchEvent>) observer;
        Watching watching = new Watching(stream);
        stream.setOnCancelHandler(watching::cancelled);
        stream.setOnReadyHandler(watching::drain);
        calls.later(observer, caller -> {
            String namespace = optional(request.getNamespace());
            RuleService.requireViewer(caller, namespace);
            WatchHub hub = calls.hub();
            hub.requireRoom(caller);
            if (request.getAfterRevision() < 0) {
                throw ProblemException.invalid("after_revision", "must not be negative");
            }
            Filter filter = RuleService.filter(
                    caller,
                    namespace,
                    optional(request.getExperimentId()),
                    labels(request.getLabelSelector()),
                    Role.VIEWER);
            if (request.getAfterRevision() > 0) {
                hub.requireKept(request.getAfterRevision());
            }
            watching.began(hub.watch(caller, filter, request.getAfterRevision(), watching));
        });
    }

    /** One client's events: sent while it takes them, and kept, up to a bound, while it does not. */
    private final class Watching implements WatchHub.Watcher {
        private static final int MAX_WAITING = 10_000;

        private final ServerCallStreamObserver<WatchEvent> stream;
        private final Queue<WatchEvent> waiting = new ArrayDeque<>();
        private @Nullable Runnable end;
        private boolean over;

        private Watching(ServerCallStreamObserver<WatchEvent> stream) {
            this.stream = stream;
        }

        private synchronized void began(Runnable ends) {
            end = ends;
            if (over) {
                ends.run();
            }
        }

        private synchronized void cancelled() {
            over = true;
            waiting.clear();
            if (end != null) {
                end.run();
            }
        }

        private synchronized void drain() {
            while (!over && stream.isReady()) {
                WatchEvent next = waiting.poll();
                if (next == null) {
                    return;
                }
                stream.onNext(next);
            }
        }

        private synchronized boolean offer(List<WatchEvent> events) {
            if (over) {
                return false;
            }
            // One change always fits, however large.
            if (!waiting.isEmpty() && waiting.size() + events.size() > MAX_WAITING) {
                over = true;
                waiting.clear();
                stream.onError(GrpcErrors.of(new ProblemException(
                        ProblemKind.TOO_MANY, "the client does not keep up; go on from the last revision seen")));
                return false;
            }
            waiting.addAll(events);
            drain();
            return true;
        }

        @Override
        public boolean onEvents(long revision, List<WatchHub.Event> events) {
            List<WatchEvent> messages = new ArrayList<>();
            for (int i = 0; i < events.size(); i++) {
                WatchHub.Event event = events.get(i);
                WatchEvent.Builder message = WatchEvent.newBuilder().setType(WatchEvent.Type.valueOf(event.type()));
                StoredRule rule = event.rule();
                if (rule == null) {
                    message.setKillSwitch(GrpcMessages.killSwitch(event.killSwitch()));
                } else {
                    message.setRule(message(rule));
                }
                if (i == events.size() - 1) {
                    message.setRevision(revision);
                }
                messages.add(message.build());
            }
            return offer(messages);
        }

        @Override
        public boolean onBookmark(long revision) {
            return offer(List.of(WatchEvent.newBuilder()
                    .setType(WatchEvent.Type.BOOKMARK)
                    .setRevision(revision)
                    .build()));
        }

        @Override
        public synchronized void onEnd(ProblemException why) {
            if (!over) {
                over = true;
                waiting.clear();
                stream.onError(GrpcErrors.of(why));
            }
        }
    }
}
