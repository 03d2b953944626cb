package dev.mishap.rules.yaml;

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
import dev.mishap.rules.schedule.Window;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes records of a tree that the checker has passed. What the records themselves refuse becomes a problem where it stands. */
class Builder {
    final Problems problems;

    Builder(Problems problems) {
        this.problems = problems;
    }

    @Nullable
    FaultRule rule(Tree document) {
        Tree metadata = here(document, "metadata");
        Tree spec = here(document, "spec");
        Fault fault = fault(here(spec, "fault"));
        Scope scope = scopeFor(fault, spec.get("scope"));
        Limits limits = limits(spec.get("limits"));
        Schedule schedule = schedule(spec.get("schedule"));
        Tag tag = tag(spec.get("tag"), Tag.NONE);
        Targets targets = targets(spec.get("targets"));
        int priority = integer(spec.get("priority"), 0, Integer.MIN_VALUE);
        if (fault == null) {
            return null;
        }
        return problems.attempt(
                document,
                () -> new FaultRule(
                        text(metadata, "name"),
                        labels(metadata),
                        spec.textOf("experimentId"),
                        priority,
                        scope,
                        percentage(spec.get("percentage"), Percentage.FULL),
                        fault,
                        limits,
                        schedule,
                        duration(spec.get("ttl")),
                        seed(spec),
                        tag,
                        targets,
                        bool(spec.get("dryRun"))));
    }

    static Tree here(Tree tree, String field) {
        Tree value = tree.fields().get(field);
        if (value == null) {
            throw new AssertionError("unchecked field " + field);
        }
        return value;
    }

    static String text(Tree tree, String field) {
        return here(tree, field).text();
    }

    static Map<String, String> labels(Tree metadata) {
        return texts(metadata, "labels");
    }

    static Map<String, String> texts(Tree of, String field) {
        Map<String, String> texts = new TreeMap<>();
        Tree tree = of.get(field);
        if (tree != null) {
            tree.fields().forEach((name, value) -> texts.put(name, value.text()));
        }
        return texts;
    }

    static @Nullable Long seed(Tree spec) {
        String seed = spec.textOf("seed");
        return seed == null ? null : Long.valueOf(seed);
    }

    static Percentage percentage(@Nullable Tree tree, Percentage otherwise) {
        return tree == null ? otherwise : Percentage.parse(tree.text());
    }

    static @Nullable Duration duration(@Nullable Tree tree) {
        return tree == null ? null : Durations.parse(tree.text());
    }

    static Duration duration(@Nullable Tree tree, Duration otherwise) {
        return tree == null ? otherwise : Durations.parse(tree.text());
    }

    static boolean bool(@Nullable Tree tree) {
        return tree != null && tree.text().equals("true");
    }

    /** An int at or above a floor; a problem and {@code otherwise} when it is not. */
    int integer(@Nullable Tree tree, int otherwise, int floor) {
        if (tree == null) {
            return otherwise;
        }
        long n = Long.parseLong(tree.text());
        if (n < floor || n > Integer.MAX_VALUE) {
            problems.add(
                    tree,
                    floor == Integer.MIN_VALUE
                            ? "must fit 32 bits, got " + n
                            : "must be from " + floor + " to " + Integer.MAX_VALUE + ", got " + n);
            return otherwise;
        }
        return (int) n;
    }

    private static List<String> names(Tree tree, String field) {
        return tree.itemsOf(field).stream().map(Tree::text).toList();
    }

    /** A scope in which a cohort without a key has the one that the fault's plane knows. */
    Scope scopeFor(@Nullable Fault fault, @Nullable Tree tree) {
        Scope scope = scope(tree);
        Tree cohort = tree == null ? null : tree.get("cohort");
        boolean unsaid = cohort != null && cohort.get("key") == null;
        return unsaid && fault != null && fault.kind().plane() != Fault.Plane.REQUEST
                ? scope.withCohort(
                        new Cohort(scope.cohort().percent(), scope.cohort().seed(), CohortKey.SOURCE_ADDRESS))
                : scope;
    }

    Scope scope(@Nullable Tree tree) {
        if (tree == null) {
            return Scope.ANY;
        }
        Tree pathTree = tree.get("path");
        StringMatcher path = pathTree == null ? null : stringMatcher(pathTree);
        List<HeaderMatcher> headers = new ArrayList<>();
        for (Tree header : tree.itemsOf("headers")) {
            HeaderMatcher matcher = header(header);
            if (matcher != null) {
                headers.add(matcher);
            }
        }
        Cohort cohort = cohort(tree.get("cohort"));
        Source source = source(tree.get("source"));
        Tree sniTree = tree.get("sni");
        StringMatcher sni = sniTree == null ? null : stringMatcher(sniTree);
        Destination destination = destination(tree.get("destination"));
        Question question = question(tree.get("question"));
        Endpoints endpoints = endpoints(tree.get("endpoints"));
        Scope scope = problems.attempt(
                tree,
                () -> new Scope(
                        names(tree, "listeners"),
                        names(tree, "clusters"),
                        names(tree, "routes"),
                        names(tree, "methods"),
                        path,
                        headers,
                        source,
                        cohort,
                        sni,
                        destination,
                        question,
                        endpoints));
        return scope == null ? Scope.ANY : scope;
    }

    private static Source source(@Nullable Tree tree) {
        return tree == null
                ? Source.ANY
                : new Source(
                        tree.itemsOf("cidrs").stream()
                                .map(t -> new Cidr(t.text()))
                                .toList(),
                        names(tree, "nodes"));
    }

    private Destination destination(@Nullable Tree tree) {
        Destination destination = tree == null
                ? null
                : problems.attempt(
                        tree,
                        () -> new Destination(
                                tree.itemsOf("cidrs").stream()
                                        .map(t -> new Cidr(t.text()))
                                        .toList(),
                                ports(tree)));
        return destination == null ? Destination.ANY : destination;
    }

    private Endpoints endpoints(@Nullable Tree tree) {
        Endpoints endpoints = tree == null
                ? null
                : problems.attempt(
                        tree,
                        () -> new Endpoints(
                                tree.itemsOf("cidrs").stream()
                                        .map(t -> new Cidr(t.text()))
                                        .toList(),
                                ports(tree),
                                names(tree, "localities"),
                                labels(tree)));
        return endpoints == null ? Endpoints.ANY : endpoints;
    }

    private static List<Integer> ports(Tree tree) {
        return tree.itemsOf("ports").stream()
                .map(t -> Math.toIntExact(Math.max(-1, Math.min(65536, Long.parseLong(t.text())))))
                .toList();
    }

    private Question question(@Nullable Tree tree) {
        if (tree == null) {
            return Question.ANY;
        }
        Tree nameTree = tree.get("name");
        StringMatcher name = nameTree == null ? null : stringMatcher(nameTree);
        Question question = problems.attempt(
                tree,
                () -> new Question(
                        name,
                        names(tree, "types").stream()
                                .map(t -> t.toUpperCase(Locale.ROOT))
                                .toList()));
        return question == null ? Question.ANY : question;
    }

    private @Nullable StringMatcher stringMatcher(Tree tree) {
        for (StringMatcher.Kind kind : StringMatcher.Kind.values()) {
            Tree value = tree.fields().get(kind.field());
            if (value != null) {
                return problems.attempt(value, () -> new StringMatcher(kind, value.text()));
            }
        }
        return null;
    }

    private @Nullable HeaderMatcher header(Tree tree) {
        int before = problems.count();
        StringMatcher value = stringMatcher(tree);
        Tree present = tree.get("present");
        Tree range = tree.get("range");
        HeaderMatcher.Range bounds = range == null
                ? null
                : problems.attempt(
                        range,
                        () -> new HeaderMatcher.Range(
                                Long.parseLong(text(range, "start")), Long.parseLong(text(range, "end"))));
        return problems.count() > before
                ? null
                : problems.attempt(
                        tree,
                        () -> new HeaderMatcher(
                                text(tree, "name"),
                                value,
                                present == null ? null : bool(present),
                                bounds,
                                bool(tree.get("invert"))));
    }

    Cohort cohort(@Nullable Tree tree) {
        if (tree == null) {
            return Cohort.ALL;
        }
        CohortKey key = key(tree.get("key"));
        Cohort cohort = problems.attempt(
                tree, () -> new Cohort(Percentage.parse(text(tree, "percent")), tree.textOf("seed"), key));
        return cohort == null ? Cohort.ALL : cohort;
    }

    CohortKey key(@Nullable Tree tree) {
        if (tree == null) {
            return CohortKey.TRACE_ID;
        }
        CohortKey key = problems.attempt(tree, () -> {
            Map.Entry<String, Tree> only = tree.fields().entrySet().iterator().next();
            String value = only.getValue().text();
            for (CohortKey.Kind kind : CohortKey.Kind.values()) {
                if (kind.field().equals(only.getKey())) {
                    boolean named = kind == CohortKey.Kind.HEADER || kind == CohortKey.Kind.COOKIE;
                    if (!named && !value.equals("true")) {
                        throw new IllegalArgumentException(kind.field() + " can only be true");
                    }
                    return new CohortKey(kind, named ? value : "");
                }
            }
            throw new AssertionError(only.getKey());
        });
        return key == null ? CohortKey.TRACE_ID : key;
    }

    @Nullable
    Fault fault(Tree tree) {
        Map.Entry<String, Tree> only = tree.fields().entrySet().iterator().next();
        Tree value = only.getValue();
        return problems.<Fault>attempt(value, () -> switch (kind(only.getKey())) {
            case ABORT -> {
                Tree http = value.get("httpStatus");
                int status = integer(http, 0, 1);
                String grpc = value.textOf("grpcStatus");
                yield new Abort(
                        http == null ? 0 : status == 0 ? 500 : status,
                        grpc == null ? -1 : GrpcStatus.parse(grpc),
                        value.textOf("body"));
            }
            case DELAY -> new Delay(Durations.parse(text(value, "fixed")));
            case RESPONSE_RATE_LIMIT -> new ResponseRateLimit(Long.parseLong(text(value, "kbps")));
            case RESET -> reset(value);
            default -> TrafficFaults.read(kind(only.getKey()), value);
        });
    }

    private static Reset reset(Tree at) {
        String bytes = at.textOf("afterBodyBytes");
        String after = at.textOf("after");
        String code = at.textOf("code");
        if (bytes != null && after != null) {
            throw new IllegalArgumentException("only one of after and afterBodyBytes can be set");
        }
        Reset.Point point =
                bytes != null ? Reset.Point.BODY : "headers".equals(after) ? Reset.Point.HEADERS : Reset.Point.REQUEST;
        return new Reset(
                point,
                bytes == null ? 0 : Long.parseLong(bytes),
                code == null ? Http2Error.INTERNAL_ERROR : Http2Error.parse(code),
                bool(at.get("goAway")));
    }

    private static Fault.Kind kind(String field) {
        for (Fault.Kind kind : Fault.Kind.values()) {
            if (kind.field().equals(field)) {
                return kind;
            }
        }
        throw new AssertionError(field);
    }

    private Limits limits(@Nullable Tree tree) {
        if (tree == null) {
            return Limits.NONE;
        }
        Tree cap = tree.get("maxTrafficPercent");
        int concurrent = integer(tree.get("maxConcurrent"), 0, 1);
        int perSecond = integer(tree.get("maxPerSecond"), 0, 1);
        Limits limits = problems.attempt(
                tree, () -> new Limits(cap == null ? null : Percentage.parse(cap.text()), concurrent, perSecond));
        return limits == null ? Limits.NONE : limits;
    }

    private Schedule schedule(@Nullable Tree tree) {
        if (tree == null) {
            return Schedule.ALWAYS;
        }
        Tree start = tree.get("start");
        Tree end = tree.get("end");
        List<Window> windows =
                tree.itemsOf("windows").stream().map(Builder::window).toList();
        Ramp ramp = ramp(tree.get("ramp"));
        Schedule schedule = problems.attempt(
                tree,
                () -> new Schedule(
                        start == null ? null : Instant.parse(start.text()),
                        end == null ? null : Instant.parse(end.text()),
                        windows,
                        ramp));
        return schedule == null ? Schedule.ALWAYS : schedule;
    }

    private static Window window(Tree tree) {
        List<DayOfWeek> days = tree.itemsOf("days").stream()
                .map(day -> DayOfWeek.of(Shapes.DAYS.indexOf(day.text().toLowerCase(Locale.ROOT)) + 1))
                .toList();
        String zone = tree.textOf("zone");
        return new Window(
                days,
                LocalTime.parse(text(tree, "from")),
                LocalTime.parse(text(tree, "to")),
                zone == null ? ZoneOffset.UTC : ZoneId.of(zone));
    }

    @Nullable
    Ramp ramp(@Nullable Tree tree) {
        return tree == null ? null : problems.attempt(tree, () -> new Ramp(Durations.parse(text(tree, "over"))));
    }

    private Targets targets(@Nullable Tree tree) {
        if (tree == null) {
            return Targets.ALL;
        }
        Targets targets = problems.attempt(
                tree,
                () -> new Targets(
                        names(tree, "services"), names(tree, "nodes"), labels(tree), names(tree, "localities")));
        return targets == null ? Targets.ALL : targets;
    }

    Tag tag(@Nullable Tree tree, Tag otherwise) {
        if (tree == null) {
            return otherwise;
        }
        Tag tag = problems.attempt(tree, () -> new Tag(tree.textOf("responseHeader"), bool(tree.get("baggage"))));
        return tag == null ? otherwise : tag;
    }
}
