package dev.mishap.rules.yaml;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Destination;
import dev.mishap.rules.Durations;
import dev.mishap.rules.Endpoints;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Question;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Source;
import dev.mishap.rules.Tag;
import dev.mishap.rules.Targets;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Injection;
import dev.mishap.rules.experiment.Slo;
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
import java.math.BigDecimal;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes rules and experiments as the maps and lists that YAML and JSON are made of. Defaults are left out; what is read back is equal. */
public final class RuleWriter {
    private RuleWriter() {}

    /** The rule as a resource with apiVersion, kind, metadata and spec; the map may be added to. */
    public static Map<String, Object> write(FaultRule rule) {
        Map<String, Object> spec = new LinkedHashMap<>();
        put(spec, "experimentId", rule.experimentId());
        put(spec, "priority", rule.priority() == 0 ? null : rule.priority());
        put(spec, "targets", targets(rule.targets()));
        put(spec, "scope", scope(rule.scope()));
        put(spec, "percentage", rule.percentage().isFull() ? null : number(rule.percentage()));
        spec.put("fault", fault(rule.fault()));
        put(spec, "limits", limits(rule.limits()));
        put(spec, "schedule", schedule(rule.schedule()));
        put(spec, "ttl", rule.ttl() == null ? null : Durations.text(rule.ttl()));
        put(spec, "seed", rule.seed());
        put(spec, "tag", rule.tag().equals(Tag.NONE) ? null : tag(rule.tag()));
        put(spec, "dryRun", rule.dryRun() ? Boolean.TRUE : null);
        return resource("FaultRule", rule.name(), null, rule.labels(), spec);
    }

    /** The same with what only a control plane reads. */
    public static Map<String, Object> write(FleetRule rule) {
        Map<String, Object> document = write(rule.rule());
        Map<String, Object> metadata = new LinkedHashMap<>();
        field(document, "metadata").forEach((name, value) -> {
            metadata.put(name, value);
            if (name.equals("name")) {
                put(metadata, "namespace", rule.namespace());
            }
        });
        put(metadata, "annotations", rule.annotations().isEmpty() ? null : rule.annotations());
        document.put("metadata", metadata);
        if (rule.overrideReason() != null) {
            Map<String, Object> spec = new LinkedHashMap<>(field(document, "spec"));
            spec.put("override", map("reason", rule.overrideReason()));
            document.put("spec", spec);
        }
        return document;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> field(Map<String, Object> document, String name) {
        return (Map<String, Object>) java.util.Objects.requireNonNull(document.get(name));
    }

    public static Map<String, Object> write(Experiment e) {
        Map<String, Object> spec = new LinkedHashMap<>();
        put(spec, "id", e.id().equals(e.name()) ? null : e.id());
        put(spec, "hypothesis", e.hypothesis().isEmpty() ? null : e.hypothesis());
        spec.put("targets", e.targets());
        List<Object> faults = new ArrayList<>();
        for (Injection injection : e.injections()) {
            Map<String, Object> each = new LinkedHashMap<>();
            each.put("target", injection.target());
            put(each, "scope", scope(injection.scope()));
            put(each, "percentage", injection.percentage().isFull() ? null : number(injection.percentage()));
            each.put("fault", fault(injection.fault()));
            faults.add(each);
        }
        spec.put("faults", faults);
        spec.put("blastRadius", number(e.blastRadius()));
        put(spec, "override", e.overrideReason() == null ? null : map("reason", e.overrideReason()));
        Map<String, Object> cohort = new LinkedHashMap<>();
        put(cohort, "seed", e.cohortSeed().equals(e.id()) ? null : e.cohortSeed());
        put(cohort, "key", e.cohortKey().equals(CohortKey.TRACE_ID) ? null : key(e.cohortKey()));
        put(spec, "cohort", cohort.isEmpty() ? null : cohort);
        put(spec, "seed", e.seed());
        spec.put("duration", Durations.text(e.duration()));
        put(spec, "ramp", ramp(e.ramp()));
        if (!e.baseline().equals(Experiment.Baseline.DEFAULT)) {
            Map<String, Object> baseline =
                    map("duration", Durations.text(e.baseline().duration()));
            baseline.put("minRequests", e.baseline().minRequests());
            spec.put("baseline", baseline);
        }
        if (!e.slos().isEmpty()) {
            spec.put("slos", e.slos().stream().map(RuleWriter::slo).toList());
        }
        if (!e.autoRollback().equals(Experiment.AutoRollback.DEFAULT)) {
            Map<String, Object> rollback =
                    map("on", e.autoRollback().on().stream().map(Enum::name).toList());
            put(
                    rollback,
                    "timeout",
                    e.autoRollback().timeout() == null
                            ? null
                            : Durations.text(e.autoRollback().timeout()));
            spec.put("autoRollback", rollback);
        }
        if (!e.recovery().equals(Experiment.Recovery.DEFAULT)) {
            Map<String, Object> recovery =
                    map("for", Durations.text(e.recovery().steadyFor()));
            recovery.put("within", Durations.text(e.recovery().within()));
            spec.put("recovery", recovery);
        }
        put(spec, "poll", e.poll().equals(Experiment.DEFAULT_POLL) ? null : Durations.text(e.poll()));
        put(spec, "breachPolls", e.breachPolls() == Experiment.DEFAULT_BREACH_POLLS ? null : e.breachPolls());
        put(spec, "tag", e.tag().equals(new Tag(null, true)) ? null : tag(e.tag()));
        return resource("Experiment", e.name(), e.namespace(), e.labels(), spec);
    }

    private static Map<String, Object> resource(
            String kind,
            String name,
            @Nullable String namespace,
            Map<String, String> labels,
            Map<String, Object> spec) {
        Map<String, Object> metadata = map("name", name);
        put(metadata, "namespace", namespace);
        put(metadata, "labels", labels.isEmpty() ? null : labels);
        Map<String, Object> resource = map("apiVersion", Shapes.API_VERSION);
        resource.put("kind", kind);
        resource.put("metadata", metadata);
        resource.put("spec", spec);
        return resource;
    }

    private static Object slo(Slo slo) {
        if (slo.query() == null) {
            return slo.text();
        }
        Map<String, Object> map = map("metric", slo.metric());
        map.put("comparator", slo.comparator().sign());
        map.put("threshold", slo.threshold());
        map.put("query", slo.query());
        return map;
    }

    /** A scope with its cohort; null when it is everything. */
    private static @Nullable Map<String, Object> scope(Scope scope) {
        Map<String, Object> map = new LinkedHashMap<>();
        put(map, "listeners", orNull(scope.listeners()));
        put(map, "clusters", orNull(scope.clusters()));
        put(map, "routes", orNull(scope.routes()));
        put(map, "methods", orNull(scope.methods()));
        StringMatcher path = scope.path();
        put(map, "path", path == null ? null : map(path.kind().field(), path.text()));
        put(
                map,
                "headers",
                orNull(scope.headers().stream().map(RuleWriter::header).toList()));
        if (!scope.source().equals(Source.ANY)) {
            Map<String, Object> source = new LinkedHashMap<>();
            put(
                    source,
                    "cidrs",
                    orNull(scope.source().cidrs().stream().map(Cidr::text).toList()));
            put(source, "nodes", orNull(scope.source().nodes()));
            map.put("source", source);
        }
        StringMatcher sni = scope.sni();
        put(map, "sni", sni == null ? null : map(sni.kind().field(), sni.text()));
        if (!scope.destination().equals(Destination.ANY)) {
            Map<String, Object> destination = new LinkedHashMap<>();
            put(
                    destination,
                    "cidrs",
                    orNull(scope.destination().cidrs().stream().map(Cidr::text).toList()));
            put(destination, "ports", orNull(scope.destination().ports()));
            map.put("destination", destination);
        }
        if (!scope.question().equals(Question.ANY)) {
            Map<String, Object> question = new LinkedHashMap<>();
            StringMatcher name = scope.question().name();
            put(question, "name", name == null ? null : map(name.kind().field(), name.text()));
            put(question, "types", orNull(scope.question().types()));
            map.put("question", question);
        }
        if (!scope.endpoints().equals(Endpoints.ANY)) {
            Endpoints to = scope.endpoints();
            Map<String, Object> endpoints = new LinkedHashMap<>();
            put(endpoints, "cidrs", orNull(to.cidrs().stream().map(Cidr::text).toList()));
            put(endpoints, "ports", orNull(to.ports()));
            put(endpoints, "localities", orNull(to.localities()));
            put(endpoints, "labels", to.labels().isEmpty() ? null : to.labels());
            map.put("endpoints", endpoints);
        }
        put(map, "cohort", scope.cohort().equals(Cohort.ALL) ? null : cohort(scope.cohort()));
        return map.isEmpty() ? null : map;
    }

    private static Map<String, Object> cohort(Cohort cohort) {
        Map<String, Object> map = map("percent", number(cohort.percent()));
        put(map, "seed", cohort.seed());
        put(map, "key", cohort.key().equals(CohortKey.TRACE_ID) ? null : key(cohort.key()));
        return map;
    }

    private static Map<String, Object> key(CohortKey key) {
        boolean named = key.kind() == CohortKey.Kind.HEADER || key.kind() == CohortKey.Kind.COOKIE;
        return map(key.kind().field(), named ? key.name() : Boolean.TRUE);
    }

    private static Map<String, Object> header(HeaderMatcher header) {
        Map<String, Object> map = map("name", header.name());
        StringMatcher value = header.value();
        if (value != null) {
            map.put(value.kind().field(), value.text());
        }
        put(map, "present", header.present());
        HeaderMatcher.Range range = header.range();
        if (range != null) {
            Map<String, Object> bounds = map("start", range.start());
            bounds.put("end", range.end());
            map.put("range", bounds);
        }
        put(map, "invert", header.invert() ? Boolean.TRUE : null);
        return map;
    }

    private static Map<String, Object> fault(Fault fault) {
        Map<String, Object> body = new LinkedHashMap<>();
        switch (fault.kind()) {
            case ABORT -> {
                Abort abort = (Abort) fault;
                if (abort.isGrpc()) {
                    body.put("grpcStatus", GrpcStatus.name(abort.grpcStatus()));
                } else {
                    body.put("httpStatus", abort.httpStatus());
                }
                put(body, "body", abort.body());
            }
            case DELAY -> body.put("fixed", Durations.text(((Delay) fault).fixed()));
            case RESPONSE_RATE_LIMIT -> body.put("kbps", ((ResponseRateLimit) fault).kbps());
            case RESET -> reset(body, (Reset) fault);
            default -> body.putAll(TrafficFaults.write(fault));
        }
        return map(fault.kind().field(), body);
    }

    private static void reset(Map<String, Object> body, Reset reset) {
        put(body, "after", reset.point() == Reset.Point.HEADERS ? reset.point().field() : null);
        put(body, "afterBodyBytes", reset.point() == Reset.Point.BODY ? reset.bodyBytes() : null);
        put(body, "code", reset.code() == Http2Error.INTERNAL_ERROR ? null : Http2Error.name(reset.code()));
        put(body, "goAway", reset.goAway() ? Boolean.TRUE : null);
    }

    private static @Nullable Map<String, Object> limits(Limits limits) {
        Map<String, Object> map = new LinkedHashMap<>();
        put(map, "maxTrafficPercent", limits.maxTrafficPercent() == null ? null : number(limits.maxTrafficPercent()));
        put(map, "maxConcurrent", limits.maxConcurrent() == 0 ? null : limits.maxConcurrent());
        put(map, "maxPerSecond", limits.maxPerSecond() == 0 ? null : limits.maxPerSecond());
        return map.isEmpty() ? null : map;
    }

    private static @Nullable Map<String, Object> schedule(Schedule schedule) {
        Map<String, Object> map = new LinkedHashMap<>();
        put(map, "start", schedule.start() == null ? null : schedule.start().toString());
        put(map, "end", schedule.end() == null ? null : schedule.end().toString());
        put(
                map,
                "windows",
                orNull(schedule.windows().stream().map(RuleWriter::window).toList()));
        put(map, "ramp", ramp(schedule.ramp()));
        return map.isEmpty() ? null : map;
    }

    private static Map<String, Object> window(Window window) {
        Map<String, Object> map = new LinkedHashMap<>();
        put(
                map,
                "days",
                orNull(window.days().stream()
                        .map(d -> Shapes.DAYS.get(d.getValue() - 1))
                        .toList()));
        map.put("from", window.from().toString());
        map.put("to", window.to().toString());
        put(
                map,
                "zone",
                window.zone().equals(ZoneOffset.UTC) ? null : window.zone().getId());
        return map;
    }

    private static @Nullable Map<String, Object> ramp(@Nullable Ramp ramp) {
        return ramp == null ? null : map("over", Durations.text(ramp.over()));
    }

    private static @Nullable Map<String, Object> targets(Targets targets) {
        Map<String, Object> map = new LinkedHashMap<>();
        put(map, "services", orNull(targets.services()));
        put(map, "nodes", orNull(targets.nodes()));
        put(map, "labels", targets.labels().isEmpty() ? null : targets.labels());
        put(map, "localities", orNull(targets.localities()));
        return map.isEmpty() ? null : map;
    }

    private static Map<String, Object> tag(Tag tag) {
        Map<String, Object> map = new LinkedHashMap<>();
        put(map, "responseHeader", tag.responseHeader());
        map.put("baggage", tag.baggage());
        return map;
    }

    static Object number(Percentage percentage) {
        BigDecimal n = new BigDecimal(percentage.plain());
        return n.scale() == 0 ? (Object) n.intValueExact() : n;
    }

    private static <T> @Nullable List<T> orNull(List<T> list) {
        return list.isEmpty() ? null : list;
    }

    private static Map<String, Object> map(String key, Object value) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(key, value);
        return map;
    }

    private static void put(Map<String, Object> map, String key, @Nullable Object value) {
        if (value != null) {
            map.put(key, value);
        }
    }
}
