package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.EventStream;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Query;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.KillSwitch;
import dev.mishap.control.rules.LabelSelector;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.control.rules.RuleRegistry.Filter;
import dev.mishap.control.rules.RuleRegistry.Listing;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.security.Role;
import dev.mishap.rules.yaml.DocumentText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Rules over REST. */
final class RulesResource {
    private static final String RULES = "/api/v1/namespaces/{namespace}/rules";
    private static final String RULE = RULES + "/{name}";
    private static final List<MediaType> DOCUMENTS = List.of(MediaType.JSON, MediaType.YAML);
    private static final Map<String, Object> TEXT = Map.of("type", "string");
    private static final Map<String, Object> FLAG = Map.of("type", "boolean", "default", false);
    private static final int DEFAULT_LIMIT = 100;
    private static final int MAX_LIMIT = 500;

    private final RuleService service;
    private final WatchHub hub;

    RulesResource(RuleService service, WatchHub hub) {
        this.service = service;
        this.hub = hub;
    }

    List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        routes.add(listing(Route.of("GET", RULES, e -> list(e, e.path("namespace"))))
                .doc("listRules", "rules", "List or watch the rules of a namespace", WATCHING));
        routes.add(listing(Route.of("GET", "/api/v1/rules", e -> list(e, null)))
                .doc("listAllRules", "rules", "List or watch the rules of all namespaces", WATCHING));
        routes.add(writing(Route.of("POST", RULES, this::create))
                .doc("createRule", "rules", "Create a rule", "Its ttl begins with this.")
                .body(DOCUMENTS, true, "FaultRule", Examples.RULE)
                .answers(
                        201,
                        "It was created; or, of a repetition by its idempotency key, had been.",
                        "StoredRule",
                        null)
                .answers(200, "With dryRun: what would be done.", "DryRun", null)
                .problems(ProblemKind.EXISTS, ProblemKind.UNPROCESSABLE));
        routes.add(Route.of("GET", RULE, this::get)
                .doc("getRule", "rules", "Get a rule", "With what each node that it is for makes of it.")
                .requestHeader("If-None-Match", "The etag that the caller has: 304 if it is still the one.")
                .answers(200, "The rule.", "StoredRule", null)
                .problems(ProblemKind.FORBIDDEN, ProblemKind.NOT_FOUND));
        routes.add(writing(Route.of("PUT", RULE, this::replace))
                .doc(
                        "replaceRule",
                        "rules",
                        "Create or replace a rule",
                        "Its ttl begins anew. If-None-Match: * creates only; If-Match: * replaces only.")
                .requestHeader("If-Match", "The etag that the rule must have, or *.")
                .requestHeader("If-None-Match", "* = there must be none yet.")
                .body(DOCUMENTS, true, "FaultRule", Examples.RULE)
                .answers(200, "It was replaced.", "StoredRule", null)
                .answers(201, "It was created.", "StoredRule", null)
                .problems(ProblemKind.CONFLICT, ProblemKind.PRECONDITION_FAILED, ProblemKind.UNPROCESSABLE));
        routes.add(writing(Route.of("PATCH", RULE, this::patch))
                .doc(
                        "patchRule",
                        "rules",
                        "Change fields of a rule",
                        "A JSON merge patch (RFC 7396). Its ttl begins anew.")
                .requestHeader("If-Match", "The etag that the rule must have, or *.")
                .body(List.of(MediaType.MERGE_PATCH), true, "MergePatch", Examples.PATCH)
                .answers(200, "It was changed.", "StoredRule", null)
                .problems(
                        ProblemKind.NOT_FOUND,
                        ProblemKind.CONFLICT,
                        ProblemKind.PRECONDITION_FAILED,
                        ProblemKind.UNPROCESSABLE));
        routes.add(Route.of("DELETE", RULE, this::delete)
                .doc("deleteRule", "rules", "Delete a rule", "Its faults end at once.")
                .requestHeader("If-Match", "The etag that the rule must have, or *.")
                .requestHeader("Idempotency-Key", "A repetition with the same key is answered as the first time.")
                .answers(200, "The rule as it was.", "StoredRule", null)
                .problems(
                        ProblemKind.FORBIDDEN,
                        ProblemKind.NOT_FOUND,
                        ProblemKind.CONFLICT,
                        ProblemKind.PRECONDITION_FAILED,
                        ProblemKind.UNPROCESSABLE));
        routes.add(stopping(Route.of("POST", RULES + ":stop", e -> stop(e, e.path("namespace"))))
                .doc("stopRules", "rules", "End the rules of a namespace that match", STOPPING));
        routes.add(stopping(Route.of("POST", "/api/v1/rules:stop", e -> stop(e, null)))
                .doc("stopAllRules", "rules", "End the rules of all namespaces that match", STOPPING));
        return routes;
    }

    private static final String WATCHING =
            "With watch=true, or accept: text/event-stream, a stream of server-sent events: ADDED for all there"
                    + " is, then ADDED, MODIFIED, DELETED and KILL_SWITCH as they happen, and BOOKMARK every 10 s. An event's id is where"
                    + " Last-Event-ID goes on from.";
    private static final String STOPPING =
            "Deletes the rules that match the names, the experiment and the labels, and that the caller may delete. One of them"
                    + " must be given, or all: true.";

    private static Route listing(Route route) {
        return route.mayStream()
                .query("labelSelector", "Such as team=pay,tier!=gold,env in (a,b),critical,!legacy.", TEXT)
                .query("experimentId", "Rules of this experiment.", TEXT)
                .query(
                        "limit",
                        "How many at most.",
                        Map.of("type", "integer", "minimum", 1, "maximum", MAX_LIMIT, "default", DEFAULT_LIMIT))
                .query("continue", "Goes on with a listing: metadata.continue of the part before.", TEXT)
                .query("watch", "Whether to stream changes.", FLAG)
                .requestHeader("Last-Event-ID", "Of a watch: the id of the last event that was seen.")
                .answers(200, "The rules, in the order of namespace and name.", "RuleList", null)
                .problems(ProblemKind.FORBIDDEN, ProblemKind.GONE);
    }

    private static Route writing(Route route) {
        return route.query("dryRun", "Check all, write nothing, and tell what would happen on which node.", FLAG)
                .requestHeader(
                        "Idempotency-Key", "A repetition with the same key within 24 h is answered as the first time.")
                .problems(ProblemKind.FORBIDDEN);
    }

    private static Route stopping(Route route) {
        return route.body(List.of(MediaType.JSON), true, "Stop", Map.of("experimentId", "PAY-503-2024-Q4"))
                .answers(200, "The rules that were ended, as they were.", "RuleList", null)
                .problems(ProblemKind.FORBIDDEN);
    }

    private static LabelSelector labels(String text) {
        try {
            return LabelSelector.parse(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("labelSelector", String.valueOf(e.getMessage()));
        }
    }

    private Answer list(Exchange exchange, @Nullable String namespace) {
        Query query = exchange.query();
        LabelSelector labels = labels(query.get("labelSelector", ""));
        String experiment = query.get("experimentId");
        if (query.flag("watch") || exchange.answerType() == MediaType.EVENTS) {
            return watch(exchange, namespace, experiment, labels);
        }
        Listing listing = service.list(
                exchange.caller(),
                namespace,
                experiment,
                labels,
                (int) query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
                query.get("continue"));
        return Answer.document(200, list(listing.rules(), listing.revision(), listing.next()));
    }

    private Map<String, Object> list(List<StoredRule> rules, long revision, @Nullable String next) {
        KillSwitch killSwitch = service.killSwitch();
        Map<String, Object> metadata = map("resourceVersion", Long.toString(revision));
        if (next != null) {
            metadata.put("continue", next);
        }
        return map(
                "apiVersion",
                "mishap.dev/v1",
                "kind",
                "FaultRuleList",
                "metadata",
                metadata,
                "items",
                rules.stream()
                        .map(rule -> Documents.rule(rule, service.now(), killSwitch))
                        .toList());
    }

    private Answer watch(
            Exchange exchange, @Nullable String namespace, @Nullable String experiment, LabelSelector labels) {
        RuleService.requireViewer(exchange.caller(), namespace);
        if (exchange.query().get("limit") != null || exchange.query().get("continue") != null) {
            throw ProblemException.invalid("watch", "cannot be had with limit or continue");
        }
        hub.requireRoom(exchange.caller());
        Filter filter = RuleService.filter(exchange.caller(), namespace, experiment, labels, Role.VIEWER);
        long from = lastEvent(exchange.header("last-event-id"));
        if (exchange.method().equals("HEAD")) {
            return Answer.status(200).header("content-type", MediaType.EVENTS.text());
        }
        if (from > 0) {
            hub.requireKept(from);
        }
        return Answer.events(stream -> stream.onClose(hub.watch(exchange.caller(), filter, from, new Stream(stream))));
    }

    private static long lastEvent(@Nullable String header) {
        if (header == null || header.isEmpty()) {
            return 0;
        }
        try {
            long revision = Long.parseLong(header.strip());
            if (revision > 0) {
                return revision;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw ProblemException.invalid("last-event-id", "expected the id of an event of this stream");
    }

    /** Writes events to one client. */
    private final class Stream implements WatchHub.Watcher {
        private final EventStream stream;

        private Stream(EventStream stream) {
            this.stream = stream;
        }

        @Override
        public boolean onEvents(long revision, List<WatchHub.Event> events) {
            for (int i = 0; i < events.size(); i++) {
                WatchHub.Event event = events.get(i);
                StoredRule rule = event.rule();
                Map<String, Object> document = rule == null
                        ? Documents.killSwitch(event.killSwitch())
                        : Documents.rule(rule, service.now(), service.killSwitch());
                // Only the last one is a place to go on from: the others belong to the same change.
                String id = i == events.size() - 1 ? Long.toString(revision) : null;
                if (!stream.send(id, event.type(), DocumentText.jsonLine(document))) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public boolean onBookmark(long revision) {
            return stream.send(Long.toString(revision), "BOOKMARK", "{\"resourceVersion\":\"" + revision + "\"}");
        }

        @Override
        public void onEnd(ProblemException why) {
            // The client comes back, and is then told why as anybody is.
            stream.comment(why.detail());
            stream.end();
        }
    }

    private Answer get(Exchange exchange) {
        StoredRule rule = service.get(exchange.caller(), key(exchange));
        return Answer.document(200, service.document(rule, true)).header("etag", rule.etag());
    }

    private static RuleKey key(Exchange exchange) {
        RuleService.requireNamespace(exchange.path("namespace"));
        return new RuleKey(exchange.path("namespace"), exchange.path("name"));
    }

    private Answer create(Exchange exchange) {
        String namespace = exchange.path("namespace");
        RuleService.requireNamespace(namespace);
        exchange.caller().requireWithin(Role.OPERATOR, namespace);
        RuleBody body = RuleBody.read(exchange.body(), exchange.bodyType(), namespace, null);
        if (body.resourceVersion() != null || body.uid() != null) {
            throw ProblemException.invalid(
                    body.uid() != null ? "metadata.uid" : "metadata.resourceVersion",
                    "is the server's to give: leave it out of a new rule");
        }
        if (exchange.query().flag("dryRun")) {
            return Answer.document(200, service.dryRun(exchange.caller(), body.document(), Conditions.NONE, true));
        }
        return written(service.create(exchange.caller(), body.document(), exchange.header("idempotency-key")), 201);
    }

    private Answer written(RuleService.Written written, int status) {
        StoredRule rule = written.rule();
        Answer answer = Answer.document(status, service.document(rule, true)).header("etag", rule.etag());
        if (written.created()) {
            answer.header("location", "/api/v1/namespaces/" + rule.namespace() + "/rules/" + rule.name());
        }
        if (written.replayed()) {
            answer.header("idempotency-replayed", "true");
        }
        return answer;
    }

    private Answer replace(Exchange exchange) {
        RuleKey key = key(exchange);
        exchange.caller().requireWithin(Role.OPERATOR, key.namespace());
        RuleBody body = RuleBody.read(exchange.body(), exchange.bodyType(), key.namespace(), key.name());
        if (!body.document().rule().name().equals(key.name())) {
            throw ProblemException.invalid("metadata.name", "is '" + key.name() + "' in the path");
        }
        Conditions conditions = Conditions.of(
                exchange.header("if-match"), exchange.header("if-none-match"), body.resourceVersion(), body.uid());
        if (exchange.query().flag("dryRun")) {
            return Answer.document(200, service.dryRun(exchange.caller(), body.document(), conditions, false));
        }
        RuleService.Written written =
                service.replace(exchange.caller(), body.document(), conditions, exchange.header("idempotency-key"));
        return written(written, written.created() ? 201 : 200);
    }

    private Answer patch(Exchange exchange) {
        RuleKey key = key(exchange);
        exchange.caller().requireWithin(Role.OPERATOR, key.namespace());
        JsonNode patch = Json.read(exchange.body());
        RuleBody.requirePatchable(patch);
        Conditions conditions = Conditions.of(exchange.header("if-match"), null, null, null);
        if (exchange.query().flag("dryRun")) {
            return Answer.document(200, service.dryRunPatch(exchange.caller(), key, exchange.body(), conditions));
        }
        return written(
                service.patch(exchange.caller(), key, exchange.body(), conditions, exchange.header("idempotency-key")),
                200);
    }

    private Answer delete(Exchange exchange) {
        Conditions conditions = Conditions.of(exchange.header("if-match"), null, null, null);
        StoredRule rule =
                service.delete(exchange.caller(), key(exchange), conditions, exchange.header("idempotency-key"));
        return Answer.document(200, service.document(rule, false));
    }

    private Answer stop(Exchange exchange, @Nullable String namespace) {
        JsonNode body = Json.object(exchange.body(), Set.of("names", "experimentId", "labelSelector", "all"));
        String experiment = Json.text(body, "experimentId");
        String selector = Json.text(body, "labelSelector");
        Set<String> names = Set.copyOf(Json.texts(body, "names"));
        boolean all = body.path("all").asBoolean(false);
        if (all != (experiment.isEmpty() && selector.isBlank() && names.isEmpty())) {
            throw ProblemException.invalid(
                    "all", "expected names, experimentId or labelSelector; or all: true and none of them");
        }
        List<StoredRule> stopped = service.stop(
                exchange.caller(), namespace, experiment.isEmpty() ? null : experiment, labels(selector), names);
        return Answer.document(200, list(stopped, service.registry().snapshot().revision(), null));
    }
}
