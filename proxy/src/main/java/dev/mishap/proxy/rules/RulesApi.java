package dev.mishap.proxy.rules;

import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.rules.Leases.LeaseRequest;
import dev.mishap.proxy.rules.RuleStore.ObserverView;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.RuleReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    private static final long MIN_LEASE_MILLIS = 100;
    private static final long MAX_LEASE_MILLIS = 3_600_000;
    private static final int MAX_LEASE_ID = 128;
    private static final int MAX_REASON = 256;

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
                onlyParameters(request);
                return ok(RulesJson.rules(store.rules(), store.killSwitch()));
            }
            case "DELETE" -> {
                onlyParameters(request, "experiment", "release");
                String experiment = request.query().get("experiment");
                if (experiment != null && experiment.isEmpty()) {
                    throw RulesProblem.bad("experiment", "must not be empty; leave it out to end all rules");
                }
                List<RuleView> ended = store.deleteRules(experiment, release(request));
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
                onlyParameters(request);
                RuleView view = store.rule(name);
                if (view == null) {
                    throw RulesProblem.notFound("there is no rule '" + name + "'");
                }
                return ok(RulesJson.rule(view));
            }
            case "PUT" -> {
                onlyParameters(request, "lease", "leaseMillis");
                return putRule(request, name);
            }
            case "DELETE" -> {
                onlyParameters(request, "release");
                return ok(RulesJson.deleted(store.deleteRule(name, release(request))));
            }
            default -> {
                return notAllowed(request, "GET, PUT, DELETE");
            }
        }
    }

    private Response putRule(Request request, String name) {
        LeaseRequest lease = leaseParameter(request);
        RuleReader.Result result = RuleReader.readRule(text(request), "body");
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
            case "GET" -> onlyParameters(request);
            case "POST" -> {
                onlyParameters(request, "reason");
                kill.kill(KillSwitch.Cause.API, reason(request, "asked by the API"));
            }
            case "DELETE" -> {
                onlyParameters(request, "reason");
                String why = reason(request, "asked by the API");
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

    private static String reason(Request request, String otherwise) {
        String reason = request.query().get("reason");
        if (reason == null) {
            return otherwise;
        }
        if (reason.isBlank() || reason.length() > MAX_REASON || reason.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
            throw RulesProblem.bad(
                    "reason", "must be 1 to " + MAX_REASON + " characters, none of them a control character");
        }
        return reason;
    }

    private Response events(Request request, @Nullable String more) {
        if (more != null) {
            throw RulesProblem.notFound("there is no " + request.path());
        }
        if (!request.method().equals("GET")) {
            return notAllowed(request, "GET");
        }
        onlyParameters(request, "after", "limit", "follow");
        long after = number(request, "after", 0, 0, Long.MAX_VALUE);
        int limit = (int) number(request, "limit", RuleEvents.CAPACITY, 1, RuleEvents.CAPACITY);
        if (!flag(request, "follow", false)) {
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

    /** Whether what the ended rules hold is to go on at once; so it is unless that is asked for. */
    private static boolean release(Request request) {
        return flag(request, "release", true);
    }

    private static boolean flag(Request request, String name, boolean otherwise) {
        String text = request.query().get(name);
        if (text == null) {
            return otherwise;
        }
        if (text.isEmpty() || text.equals("true")) {
            return true;
        }
        if (text.equals("false")) {
            return false;
        }
        throw RulesProblem.bad(name, "must be true or false, got '" + text + "'");
    }

    private static long number(Request request, String name, long otherwise, long min, long max) {
        String text = request.query().get(name);
        if (text == null) {
            return otherwise;
        }
        try {
            long n = Long.parseLong(text);
            if (n >= min && n <= max) {
                return n;
            }
        } catch (NumberFormatException e) {
            // told below, as a number out of range is
        }
        throw RulesProblem.bad(
                name, "must be a whole number of at least " + min + " and at most " + max + ", got '" + text + "'");
    }

    private Response lease(Request request, String id) {
        switch (request.method()) {
            case "PUT" -> {
                onlyParameters(request, "leaseMillis");
                return ok(RulesJson.lease(store.renewLease(new LeaseRequest(id, leaseMillis(request)))));
            }
            case "DELETE" -> {
                onlyParameters(request, "release");
                return ok(RulesJson.deleted(store.endLease(id, release(request))));
            }
            default -> {
                return notAllowed(request, "PUT, DELETE");
            }
        }
    }

    private Response observer(Request request, String name) {
        switch (request.method()) {
            case "GET" -> {
                onlyParameters(request);
                return ok(RulesJson.observer(existing(name)));
            }
            case "PUT" -> {
                onlyParameters(request, "lease", "leaseMillis");
                LeaseRequest lease = leaseParameter(request);
                if (lease == null) {
                    throw RulesProblem.bad("lease", "an observer needs a lease");
                }
                boolean created = store.putObserver(definition(request, name), lease);
                return json(created ? 201 : 200, RulesJson.observer(existing(name)));
            }
            case "DELETE" -> {
                onlyParameters(request);
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
        RuleReader.Observer read = RuleReader.readObserver(text(request), problems);
        if (read == null || problems.count() > 0) {
            throw problems(problems.list());
        }
        return new Observer.Definition(name, read.experimentId(), read.scope(), read.cohort());
    }

    private static String text(Request request) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(request.body()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw RulesProblem.bad("", "the body is not UTF-8");
        }
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

    /** A misspelt parameter would do more than was meant, so an unknown one is refused. */
    private static void onlyParameters(Request request, String... known) {
        Set<String> names = Set.of(known);
        for (String parameter : request.query().keySet()) {
            if (!names.contains(parameter)) {
                throw RulesProblem.bad(parameter, "is no parameter of this request");
            }
        }
    }

    private static @Nullable LeaseRequest leaseParameter(Request request) {
        String id = request.query().get("lease");
        if (id == null) {
            if (request.query().containsKey("leaseMillis")) {
                throw RulesProblem.bad("leaseMillis", "says nothing without a lease");
            }
            return null;
        }
        try {
            FaultRule.requireName("a lease", id, MAX_LEASE_ID);
        } catch (IllegalArgumentException e) {
            throw RulesProblem.bad("lease", String.valueOf(e.getMessage()));
        }
        return new LeaseRequest(id, leaseMillis(request));
    }

    private static long leaseMillis(Request request) {
        String text = request.query().get("leaseMillis");
        if (text == null) {
            return RuleStore.DEFAULT_LEASE_MILLIS;
        }
        long millis = -1;
        try {
            millis = Long.parseLong(text);
        } catch (NumberFormatException e) {
            // told below, as a number out of range is
        }
        if (millis < MIN_LEASE_MILLIS || millis > MAX_LEASE_MILLIS) {
            throw RulesProblem.bad(
                    "leaseMillis",
                    "must be from " + MIN_LEASE_MILLIS + " to " + MAX_LEASE_MILLIS + ", got '" + text + "'");
        }
        return millis;
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
