package dev.mishap.proxy.rules;

import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.rules.Leases.LeaseRequest;
import dev.mishap.proxy.rules.RuleStore.ObserverView;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.RuleReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The endpoints under {@code /mishap/v1/} as a function from request to response; docs/rules-api.md. Any thread. */
public final class RulesApi {
    /** What the paths of all endpoints begin with. */
    public static final String PREFIX = "/mishap/v1/";
    /** The longest body that is taken. */
    public static final int MAX_BODY_BYTES = 1 << 20;

    private static final Logger LOG = LoggerFactory.getLogger("mishap");
    private final RuleStore store;
    private final @Nullable String token;

    /** An API on {@code store}; {@code token} opens it to callers from elsewhere, null = it is closed to them. */
    public RulesApi(RuleStore store, @Nullable String token) {
        this.store = store;
        this.token = token == null || token.isEmpty() ? null : token;
    }

    /**
     * A request.
     *
     * @param path decoded, without the query
     * @param query decoded; {@link #repeatedParameter} answers a parameter that is given twice
     * @param authorization the header of that name, or null
     * @param local whether it came over a loopback address or a unix socket, and meant to
     */
    public record Request(
            String method,
            String path,
            Map<String, String> query,
            @Nullable String authorization,
            boolean local,
            byte[] body) {}

    /** An answer. {@code allow} is the value of that header, or null for none. */
    public record Response(
            int status,
            String contentType,
            @Nullable String allow,
            String body,
            @Nullable Feed feed) {
        Response(int status, String contentType, @Nullable String allow, String body) {
            this(status, contentType, allow, body, null);
        }
    }

    /** Events that go on coming, from after that number on. */
    record Feed(RuleEvents events, long after) {}

    public Response handle(Request request) {
        try {
            authorize(request);
            return route(request);
        } catch (RulesProblem problem) {
            return problem(problem, null);
        } catch (RuntimeException bug) {
            LOG.error("rules API: {} {} failed", request.method(), request.path(), bug);
            return problem(new RulesProblem(500, "the request failed in the proxy", List.of()), null);
        }
    }

    /** The answer to a query that has the parameter twice. */
    public static Response repeatedParameter(String name) {
        return problem(RulesProblem.bad(name, "is given more than once"), null);
    }

    private void authorize(Request request) {
        if (request.local()) {
            return;
        }
        String given = request.authorization();
        boolean matches = token != null
                && given != null
                && given.regionMatches(true, 0, "Bearer ", 0, 7)
                && MessageDigest.isEqual(
                        given.substring(7).strip().getBytes(StandardCharsets.UTF_8),
                        token.getBytes(StandardCharsets.UTF_8));
        if (!matches) {
            throw new RulesProblem(
                    403,
                    "a request needs the token that the proxy was started with, unless it comes over loopback or a unix socket"
                            + " and its host is localhost or an IP address; web pages of other origins always do",
                    List.of());
        }
    }

    private Response route(Request request) {
        if (request.body().length > MAX_BODY_BYTES) {
            throw new RulesProblem(413, "the body has more than " + MAX_BODY_BYTES + " bytes", List.of());
        }
        String[] segments = request.path().substring(PREFIX.length()).split("/", -1);
        if (segments.length > 2 || segments.length == 2 && segments[1].isEmpty()) {
            throw RulesProblem.notFound("there is no " + request.path());
        }
        String name = segments.length == 2 ? segments[1] : null;
        return switch (segments[0]) {
            case "rules" -> name == null ? allRules(request) : oneRule(request, name);
            case "leases" -> lease(request, required(name, request));
            case "observers" -> observer(request, required(name, request));
            case "kill" -> kill(request, name);
            case "events" -> events(request, name);
            default -> throw RulesProblem.notFound("there is no " + request.path());
        };
    }

    private static String required(@Nullable String name, Request request) {
        if (name == null) {
            throw RulesProblem.notFound("there is no " + request.path());
        }
        return name;
    }

    private Response allRules(Request request) {
        switch (request.method()) {
            case "GET" -> {
                RulesParameters.only(request);
                return ok(RulesJson.rules(store.rules(), store.killSwitch()));
            }
            case "DELETE" -> {
                RulesParameters.only(request, "experiment", "release");
                String experiment = request.query().get("experiment");
                if (experiment != null && experiment.isEmpty()) {
                    throw RulesProblem.bad("experiment", "must not be empty; leave it out to end all rules");
                }
                List<RuleView> ended = store.deleteRules(experiment, RulesParameters.release(request));
                return ok(RulesJson.deleted(ended, store.leftOf(experiment)));
            }
            default -> {
                return notAllowed(request, "GET, DELETE");
            }
        }
    }

    private Response oneRule(Request request, String name) {
        switch (request.method()) {
            case "GET" -> {
                RulesParameters.only(request);
                RuleView view = store.rule(name);
                if (view == null) {
                    throw RulesProblem.notFound("there is no rule '" + name + "'");
                }
                return ok(RulesJson.rule(view));
            }
            case "PUT" -> {
                RulesParameters.only(request, "lease", "leaseMillis");
                return putRule(request, name);
            }
            case "DELETE" -> {
                RulesParameters.only(request, "release");
                return ok(RulesJson.deleted(store.deleteRule(name, RulesParameters.release(request))));
            }
            default -> {
                return notAllowed(request, "GET, PUT, DELETE");
            }
        }
    }

    private Response putRule(Request request, String name) {
        LeaseRequest lease = RulesParameters.lease(request);
        RuleReader.Result result = RuleReader.readRule(RulesParameters.text(request), "body");
        if (!result.ok()) {
            throw problems(result.problems());
        }
        FaultRule rule = result.rules().get(0);
        if (!rule.name().equals(name)) {
            throw RulesProblem.bad("metadata.name", "is '" + rule.name() + "', but the path says '" + name + "'");
        }
        boolean created = store.putRule(rule, lease);
        RuleView view = store.rule(name);
        if (view == null) {
            throw RulesProblem.notFound("rule '" + name + "' has ended already");
        }
        return json(created ? 201 : 200, RulesJson.rule(view));
    }

    private Response kill(Request request, @Nullable String more) {
        if (more != null) {
            throw RulesProblem.notFound("there is no " + request.path());
        }
        KillSwitch kill = store.killSwitch();
        switch (request.method()) {
            case "GET" -> RulesParameters.only(request);
            case "POST" -> {
                RulesParameters.only(request, "reason");
                kill.kill(KillSwitch.Cause.API, RulesParameters.reason(request, "asked by the API"));
            }
            case "DELETE" -> {
                RulesParameters.only(request, "reason");
                String why = RulesParameters.reason(request, "asked by the API");
                kill.arm(KillSwitch.Cause.SIGNAL, why);
                kill.arm(KillSwitch.Cause.API, why);
                if (kill.causes().containsKey(KillSwitch.Cause.FILE)) {
                    throw RulesProblem.conflict(
                            "the kill file is there", "file", "remove '" + kill.file() + "' to arm faults again");
                }
            }
            default -> {
                return notAllowed(request, "GET, POST, DELETE");
            }
        }
        return ok(RulesJson.kill(kill));
    }

    private Response events(Request request, @Nullable String more) {
        if (more != null) {
            throw RulesProblem.notFound("there is no " + request.path());
        }
        if (!request.method().equals("GET")) {
            return notAllowed(request, "GET");
        }
        RulesParameters.only(request, "after", "limit", "follow");
        long after = RulesParameters.number(request, "after", 0, 0, Long.MAX_VALUE);
        int limit = (int) RulesParameters.number(request, "limit", RuleEvents.CAPACITY, 1, RuleEvents.CAPACITY);
        if (!RulesParameters.flag(request, "follow", false)) {
            List<RuleEvents.Event> events = store.events().after(after, limit);
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("events", events.stream().map(RuleEvents.Event::json).toList());
            json.put("last", store.events().last());
            return ok(json);
        }
        if (request.query().containsKey("limit")) {
            throw RulesProblem.bad("limit", "says nothing of events that go on coming");
        }
        return new Response(200, "text/event-stream", null, "", new Feed(store.events(), after));
    }

    private Response lease(Request request, String id) {
        switch (request.method()) {
            case "PUT" -> {
                RulesParameters.only(request, "leaseMillis");
                return ok(
                        RulesJson.lease(store.renewLease(new LeaseRequest(id, RulesParameters.leaseMillis(request)))));
            }
            case "DELETE" -> {
                RulesParameters.only(request, "release");
                return ok(RulesJson.deleted(store.endLease(id, RulesParameters.release(request))));
            }
            default -> {
                return notAllowed(request, "PUT, DELETE");
            }
        }
    }

    private Response observer(Request request, String name) {
        switch (request.method()) {
            case "GET" -> {
                RulesParameters.only(request);
                return ok(RulesJson.observer(existing(name)));
            }
            case "PUT" -> {
                RulesParameters.only(request, "lease", "leaseMillis");
                LeaseRequest lease = RulesParameters.lease(request);
                if (lease == null) {
                    throw RulesProblem.bad("lease", "an observer needs a lease");
                }
                boolean created = store.putObserver(definition(request, name), lease);
                return json(created ? 201 : 200, RulesJson.observer(existing(name)));
            }
            case "DELETE" -> {
                RulesParameters.only(request);
                store.deleteObserver(name);
                return ok(Map.of());
            }
            default -> {
                return notAllowed(request, "GET, PUT, DELETE");
            }
        }
    }

    private ObserverView existing(String name) {
        ObserverView view = store.observer(name);
        if (view == null) {
            throw RulesProblem.notFound("there is no observer '" + name + "'");
        }
        return view;
    }

    private static Observer.Definition definition(Request request, String name) {
        try {
            FaultRule.requireName("the observer's name", name, 253);
        } catch (IllegalArgumentException e) {
            throw RulesProblem.bad("name", String.valueOf(e.getMessage()));
        }
        Problems problems = new Problems("body");
        RuleReader.Observer read = RuleReader.readObserver(RulesParameters.text(request), problems);
        if (read == null || problems.count() > 0) {
            throw problems(problems.list());
        }
        return new Observer.Definition(name, read.experimentId(), read.scope(), read.cohort());
    }

    private static RulesProblem problems(List<Problem> problems) {
        return new RulesProblem(
                400,
                "the body is not valid",
                problems.stream()
                        .map(p -> new RulesProblem.Field(
                                p.path(),
                                p.line() == 0
                                        ? p.message()
                                        : p.message() + " (line " + p.line() + ":" + p.column() + ")"))
                        .toList());
    }

    private static Response ok(Object body) {
        return json(200, body);
    }

    private static Response json(int status, Object body) {
        return new Response(status, "application/json", null, JsonWriter.compact(body) + "\n");
    }

    private static Response problem(RulesProblem problem, @Nullable String allow) {
        String body = JsonWriter.compact(RulesJson.problem(problem)) + "\n";
        return new Response(problem.status(), "application/problem+json", allow, body);
    }

    private static Response notAllowed(Request request, String allow) {
        RulesProblem problem =
                new RulesProblem(405, request.method() + " is not allowed here, but " + allow + " are", List.of());
        return problem(problem, allow);
    }
}
