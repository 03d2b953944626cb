package dev.mishap.rules.text;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Destination;
import dev.mishap.rules.Durations;
import dev.mishap.rules.Endpoints;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Question;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Source;
import dev.mishap.rules.Tag;
import dev.mishap.rules.Targets;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.GrpcStatus;
import dev.mishap.rules.fault.Http2Error;
import dev.mishap.rules.fault.Reset;
import dev.mishap.rules.fault.ResponseRateLimit;
import dev.mishap.rules.match.Cidr;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import dev.mishap.rules.schedule.Ramp;
import dev.mishap.rules.schedule.Schedule;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A parser by recursive descent; one method a production of the grammar in docs/rule-language.md. */
final class LineParser {
    static final String CLAUSES =
            "'when', 'on', 'from', 'to', 'cohort', 'max', 'for', 'ramp', 'starting', 'until', 'seed', 'as', "
                    + "'experiment', 'priority', 'tag' or 'dry-run'";
    private static final String PLACES = "'listener', 'cluster', 'route', 'service', 'node', 'label' or 'locality'";
    private static final List<String> TESTS = List.of("!=", "^=", "$=", "*=", "==", "=", "~");

    private final LineScanner in;
    private final Set<String> seen = new HashSet<>();

    private List<String> services = List.of();
    private List<String> nodeIds = List.of();
    private Map<String, String> nodeLabels = Map.of();
    private List<String> localities = List.of();
    private List<String> listeners = List.of();
    private List<String> clusters = List.of();
    private List<String> routes = List.of();
    private List<String> methods = List.of();
    private List<String> nodes = List.of();
    private List<Cidr> cidrs = List.of();
    private @Nullable StringMatcher path;
    private final List<HeaderMatcher> headers = new ArrayList<>();
    private List<Cidr> destinations = List.of();
    private List<Integer> ports = List.of();
    private @Nullable StringMatcher sni;
    private @Nullable StringMatcher question;
    private List<String> types = List.of();
    private List<Cidr> endpointCidrs = List.of();
    private List<Integer> endpointPorts = List.of();
    private List<String> endpointLocalities = List.of();
    private final Map<String, String> endpointLabels = new TreeMap<>();
    private Cohort cohort = Cohort.ALL;
    private boolean cohortKeyUnsaid;
    private @Nullable Percentage cap;
    private int maxConcurrent;
    private int maxPerSecond;
    private @Nullable Duration ttl;
    private @Nullable Ramp ramp;
    private @Nullable Instant start;
    private @Nullable Instant end;
    private @Nullable Long seed;
    private @Nullable String name;
    private @Nullable String experimentId;
    private int priority;
    private @Nullable String responseHeader;
    private boolean baggage;
    private boolean dryRun;

    LineParser(String line) {
        in = new LineScanner(line);
    }

    FaultRule rule(String defaultName) {
        Fault fault = fault();
        Percentage percentage = in.peekValue().endsWith("%") ? percentage() : Percentage.FULL;
        while (!in.atEnd()) {
            clause();
        }
        if (cohortKeyUnsaid && fault.kind().plane() != Fault.Plane.REQUEST) {
            cohort = new Cohort(cohort.percent(), cohort.seed(), CohortKey.SOURCE_ADDRESS);
        }
        return checked(() -> new FaultRule(
                name == null ? defaultName : name,
                Map.of(),
                experimentId,
                priority,
                new Scope(
                        listeners,
                        clusters,
                        routes,
                        methods,
                        path,
                        headers,
                        new Source(cidrs, nodes),
                        cohort,
                        sni,
                        new Destination(destinations, ports),
                        new Question(question, types),
                        new Endpoints(endpointCidrs, endpointPorts, endpointLocalities, endpointLabels)),
                percentage,
                fault,
                new Limits(cap, maxConcurrent, maxPerSecond),
                new Schedule(start, end, List.of(), ramp),
                ttl,
                seed,
                new Tag(responseHeader, baggage),
                new Targets(services, nodeIds, nodeLabels, localities),
                dryRun));
    }

    private <T> T checked(java.util.function.Supplier<T> make) {
        try {
            return make.get();
        } catch (RuleSyntaxException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw in.error(String.valueOf(e.getMessage()));
        }
    }

    /** Reads a value with a syntax of its own; what refuses it says why. */
    private <T> T read(String what, Function<String, T> parse) {
        String text = in.value(what);
        return checked(() -> parse.apply(text));
    }

    private Fault fault() {
        if (in.take("abort")) {
            return abort();
        }
        if (in.take("delay")) {
            return read("a duration such as 100ms", s -> new Delay(Durations.parse(s)));
        }
        if (in.take("rate-limit")) {
            return read("a rate such as 64KiB/s", s -> new ResponseRateLimit(kibPerSecond(s)));
        }
        if (in.take("reset")) {
            return reset();
        }
        Fault other = new TrafficWords(in).fault();
        if (other != null) {
            return other;
        }
        throw in.expected("'abort', 'delay', 'rate-limit', 'reset', " + TrafficWords.STARTS);
    }

    private Reset reset() {
        Reset.Point point = Reset.Point.REQUEST;
        long bytes = 0;
        if (in.take("after")) {
            if (in.take("headers")) {
                point = Reset.Point.HEADERS;
            } else {
                point = Reset.Point.BODY;
                bytes = read("'headers' or a number of bytes of the body", s -> whole(s, 1, Long.MAX_VALUE));
                in.expect("bytes");
            }
        }
        int code = Http2Error.INTERNAL_ERROR;
        if (in.take("code")) {
            code = read("an HTTP/2 error code such as CANCEL", s -> {
                int parsed = Http2Error.parse(s);
                if (parsed < 0) {
                    throw new IllegalArgumentException(
                            "expected an HTTP/2 error code such as CANCEL or 8, found '" + s + "'");
                }
                return parsed;
            });
        }
        return new Reset(point, bytes, code, in.take("goaway"));
    }

    private Fault abort() {
        if (in.take("grpc")) {
            int code = read("a gRPC status such as UNAVAILABLE", s -> {
                int parsed = GrpcStatus.parse(s);
                if (parsed < 0) {
                    throw new IllegalArgumentException(
                            "expected a gRPC status such as UNAVAILABLE or 14, found '" + s + "'");
                }
                return parsed;
            });
            String message = in.take("message") ? in.value("the message") : null;
            return checked(() -> Abort.grpc(code, message));
        }
        int status = read("a status from 200 to 599, or 'grpc'", s -> {
            if (s.length() != 3
                    || !s.chars().allMatch(c -> c >= '0' && c <= '9')
                    || s.charAt(0) < '2'
                    || s.charAt(0) > '5') {
                throw new IllegalArgumentException("expected a status from 200 to 599, or 'grpc', found '" + s + "'");
            }
            return Integer.valueOf(s);
        });
        String body = in.take("body") ? in.value("the body") : null;
        return checked(() -> Abort.http(status, body));
    }

    static long kibPerSecond(String text) {
        String[] units = {"KiB/s", "MiB/s", "GiB/s"};
        for (int i = 0; i < units.length; i++) {
            if (text.endsWith(units[i])) {
                String digits = text.substring(0, text.length() - units[i].length());
                if (!digits.isEmpty() && digits.length() <= 10 && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
                    return Long.parseLong(digits) << 10 * i;
                }
            }
        }
        throw new IllegalArgumentException("expected a whole rate such as 64KiB/s or 1MiB/s, found '" + text + "'");
    }

    private Percentage percentage() {
        return read(
                "a percentage such as 40%",
                s -> {
                    if (!s.endsWith("%")) {
                        throw new IllegalArgumentException("expected a percentage such as 40%, found '" + s + "'");
                    }
                    return Percentage.parse(s);
                });
    }

    private void clause() {
        String word = in.peekWord();
        if (!in.take(word)) {
            throw in.expected(CLAUSES);
        }
        switch (word) {
            case "when" -> {
                in.once(seen, word);
                do {
                    condition();
                } while (in.take("and"));
            }
            case "on" -> on();
            case "from" -> {
                in.once(seen, word);
                List<String> ranges = in.list("an address range such as 10.0.0.0/8");
                cidrs = checked(() -> ranges.stream().map(Cidr::new).toList());
            }
            case "to" -> {
                in.once(seen, word);
                List<String> ranges = in.list("an address range such as 10.0.0.0/8");
                destinations = checked(() -> ranges.stream().map(Cidr::new).toList());
            }
            case "cohort" -> cohort();
            case "max" -> max();
            case "for" -> {
                in.once(seen, word);
                ttl = read("a duration such as 2m", s -> positive(Durations.parse(s)));
            }
            case "ramp" -> {
                in.once(seen, word);
                ramp = read("a duration such as 30s", s -> new Ramp(Durations.parse(s)));
            }
            case "starting" -> {
                in.once(seen, word);
                start = read("a time", LineParser::instant);
            }
            case "until" -> {
                in.once(seen, word);
                end = read("a time", LineParser::instant);
                Instant from = start;
                checked(() -> new Schedule(from, end, List.of(), null));
            }
            case "seed" -> {
                in.once(seen, word);
                seed = read("a whole number", s -> whole(s, Long.MIN_VALUE, Long.MAX_VALUE));
            }
            case "as" -> {
                in.once(seen, word);
                name = read("a name", s -> named("the name", s, 253));
            }
            case "experiment" -> {
                in.once(seen, word);
                experimentId = read("an experiment's id", s -> named("the id", s, 128));
            }
            case "priority" -> {
                in.once(seen, word);
                priority = read("a whole number", s -> (int) whole(s, Integer.MIN_VALUE, Integer.MAX_VALUE));
            }
            case "tag" -> tag();
            case "dry-run" -> {
                in.once(seen, word);
                dryRun = true;
            }
            default -> throw in.error("expected " + CLAUSES + ", found '" + word + "'");
        }
    }

    private static Duration positive(Duration duration) {
        if (duration.isZero() || duration.compareTo(FaultRule.MAX_TTL) > 0) {
            throw new IllegalArgumentException("must be more than 0s and at most 30 days");
        }
        return duration;
    }

    private static String named(String what, String text, int max) {
        FaultRule.requireName(what, text, max);
        return text;
    }

    private static Instant instant(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("expected a time such as 2026-01-31T08:00:00Z, found '" + text + "'");
        }
    }

    private static long whole(String text, long min, long max) {
        try {
            long n = Long.parseLong(text);
            if (n >= min && n <= max) {
                return n;
            }
        } catch (NumberFormatException e) {
            // told below, with what is wrong in range, too
        }
        throw new IllegalArgumentException(
                "expected a whole number from " + min + " to " + max + ", found '" + text + "'");
    }

    private void on() {
        String word = in.peekWord();
        if (!in.take(word)) {
            throw in.expected(PLACES);
        }
        in.once(seen, "on " + word);
        switch (word) {
            case "listener" -> listeners = in.list("a listener's name");
            case "cluster" -> clusters = in.list("a cluster's name");
            case "route" -> routes = in.list("a route's name");
            case "service" -> services = in.list("a service's name");
            case "node" -> nodeIds = in.list("a node's id");
            case "locality" -> localities = in.list("a locality such as eu-west-1/a");
            case "label" -> {
                List<String> pairs = in.list("a label such as team=pay");
                nodeLabels = checked(() -> labels(pairs));
            }
            default -> throw in.error("expected " + PLACES + ", found '" + word + "'");
        }
        checked(() -> new Targets(services, nodeIds, nodeLabels, localities));
    }

    private static Map<String, String> labels(List<String> pairs) {
        Map<String, String> labels = new TreeMap<>();
        for (String pair : pairs) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("expected a label such as team=pay, found '" + pair + "'");
            }
            if (labels.put(pair.substring(0, equals), pair.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("'" + pair.substring(0, equals) + "' is given twice");
            }
        }
        return labels;
    }

    private void cohort() {
        in.once(seen, "cohort");
        Percentage percent = percentage();
        CohortKey key = CohortKey.TRACE_ID;
        cohortKeyUnsaid = true;
        if (in.take("by")) {
            cohortKeyUnsaid = false;
            if (in.take("header")) {
                key = read("a header's name", CohortKey::header);
            } else if (in.take("cookie")) {
                key = read("a cookie's name", CohortKey::cookie);
            } else if (in.take("source")) {
                key = CohortKey.SOURCE_ADDRESS;
            } else if (!in.take("trace")) {
                throw in.expected("'header', 'cookie', 'trace' or 'source'");
            }
        }
        CohortKey chosen = key;
        String cohortSeed = in.take("seeded") ? in.value("the cohort's seed") : null;
        cohort = checked(() -> new Cohort(percent, cohortSeed, chosen));
    }

    private void max() {
        if (in.peekValue().endsWith("%")) {
            in.once(seen, "max %");
            cap = percentage();
        } else if (in.peekValue().endsWith("/s")) {
            in.once(seen, "max /s");
            maxPerSecond = read("a rate", s -> (int) whole(s.substring(0, s.length() - 2), 1, Limits.MAX_PER_SECOND));
        } else {
            in.once(seen, "max concurrent");
            maxConcurrent =
                    read("a limit such as 5%, 50/s or 10 concurrent", s -> (int) whole(s, 1, Integer.MAX_VALUE));
            in.expect("concurrent");
        }
    }

    private void tag() {
        if (in.take("baggage")) {
            in.once(seen, "tag baggage");
            baggage = true;
        } else if (in.take("header")) {
            in.once(seen, "tag header");
            responseHeader = read("a header's name", s -> String.valueOf(new Tag(s, false).responseHeader()));
        } else {
            throw in.expected("'baggage' or 'header'");
        }
    }

    private void condition() {
        boolean invert = in.take("not");
        if (in.take("header")) {
            headers.add(header(invert));
            return;
        }
        if (invert) {
            throw in.expected("'header', the only condition that 'not' may stand before");
        }
        if (in.take("path")) {
            in.once(seen, "path");
            path = stringMatcher(test("'=', '^=', '$=', '*=' or '~'", false));
        } else if (in.take("method")) {
            in.once(seen, "method");
            equalsSign();
            methods = in.list("a method such as GET");
            checked(() -> new Scope(List.of(), List.of(), List.of(), methods, null, List.of(), Source.ANY, Cohort.ALL));
        } else if (in.take("node")) {
            in.once(seen, "node");
            equalsSign();
            nodes = in.list("a node's name");
        } else if (in.take("sni")) {
            in.once(seen, "sni");
            sni = stringMatcher(test("'=', '^=', '$=', '*=' or '~'", false));
        } else if (in.take("port")) {
            in.once(seen, "port");
            equalsSign();
            List<String> texts = in.list("a port");
            ports = checked(
                    () -> texts.stream().map(s -> (int) whole(s, 1, 65535)).toList());
        } else if (in.take("endpoint")) {
            endpoint();
        } else if (in.take("name")) {
            in.once(seen, "name");
            question = stringMatcher(test("'=', '^=', '$=', '*=' or '~'", false));
            checked(() -> new Question(question, List.of()));
        } else if (in.take("type")) {
            in.once(seen, "type");
            equalsSign();
            types = in.list("a record type such as A").stream()
                    .map(t -> t.toUpperCase(Locale.ROOT))
                    .toList();
            checked(() -> new Question(null, types));
        } else {
            throw in.expected("'header', 'path', 'method', 'node', 'sni', 'port', 'endpoint', 'name', 'type' or 'not'");
        }
    }

    private void endpoint() {
        if (in.take("label")) {
            String label = in.name("a label's name");
            in.once(seen, "endpoint label " + label);
            equalsSign();
            endpointLabels.put(label, in.value("the label's value"));
        } else if (in.take("address")) {
            in.once(seen, "endpoint address");
            equalsSign();
            List<String> ranges = in.list("an address range such as 10.0.0.0/8");
            endpointCidrs = checked(() -> ranges.stream().map(Cidr::new).toList());
        } else if (in.take("port")) {
            in.once(seen, "endpoint port");
            equalsSign();
            List<String> texts = in.list("a port");
            endpointPorts = checked(
                    () -> texts.stream().map(s -> (int) whole(s, 1, 65535)).toList());
        } else if (in.take("locality")) {
            in.once(seen, "endpoint locality");
            equalsSign();
            List<String> places = in.list("a locality such as region/zone");
            endpointLocalities = checked(() -> new Endpoints(List.of(), List.of(), places, Map.of()).localities());
        } else {
            throw in.expected("'label', 'address', 'port' or 'locality'");
        }
    }

    private void equalsSign() {
        if (in.operator(List.of("==", "=")) == null) {
            throw in.expected("'='");
        }
    }

    private HeaderMatcher header(boolean invert) {
        String header = in.name("a header's name");
        HeaderMatcher checkedName = checked(() -> HeaderMatcher.present(header, true));
        if (in.take("present")) {
            return new HeaderMatcher(checkedName.name(), null, true, null, invert);
        }
        if (in.take("absent")) {
            return new HeaderMatcher(checkedName.name(), null, false, null, invert);
        }
        if (in.take("in")) {
            return new HeaderMatcher(
                    checkedName.name(), null, null, read("a range such as [1,5)", LineParser::range), invert);
        }
        String operator = test("'=', '!=', '^=', '$=', '*=', '~', 'in', 'present' or 'absent'", true);
        boolean unequal = operator.equals("!=");
        StringMatcher matcher = stringMatcher(unequal ? "=" : operator);
        return new HeaderMatcher(checkedName.name(), matcher, null, null, invert != unequal);
    }

    private static HeaderMatcher.Range range(String text) {
        int comma = text.indexOf(',');
        if (!text.startsWith("[") || !text.endsWith(")") || comma < 0) {
            throw new IllegalArgumentException("expected a range such as [1,5), found '" + text + "'");
        }
        return new HeaderMatcher.Range(
                whole(text.substring(1, comma), Long.MIN_VALUE, Long.MAX_VALUE),
                whole(text.substring(comma + 1, text.length() - 1), Long.MIN_VALUE, Long.MAX_VALUE));
    }

    private String test(String what, boolean mayBeUnequal) {
        String operator = in.operator(TESTS);
        if (operator == null) {
            throw in.expected(what);
        }
        if (operator.equals("!=") && !mayBeUnequal) {
            throw in.error("expected " + what + ", found '!='");
        }
        return operator.equals("==") ? "=" : operator;
    }

    private StringMatcher stringMatcher(String operator) {
        for (StringMatcher.Kind kind : StringMatcher.Kind.values()) {
            if (kind.operator().equals(operator)) {
                return read("a value", s -> new StringMatcher(kind, s));
            }
        }
        throw new AssertionError(operator);
    }
}
