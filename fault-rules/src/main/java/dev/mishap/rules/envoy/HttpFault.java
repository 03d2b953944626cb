package dev.mishap.rules.envoy;

import com.google.re2j.Pattern;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Tag;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.ResponseRateLimit;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import dev.mishap.rules.schedule.Schedule;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** One rule as one {@code envoy.filters.http.fault} filter of a stock Envoy; several in a row act as the rules do together. */
public final class HttpFault {
    private static final String TYPE = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault";
    private static final String QUERY = "(\\?.*)?";

    private HttpFault() {}

    /** The fields of a rule that HTTPFault cannot say, and why; empty = {@link #filter} can be called. */
    public static List<String> inexpressible(FaultRule rule) {
        List<String> missing = new ArrayList<>();
        Scope scope = rule.scope();
        if (rule.fault().kind().plane() != Fault.Plane.REQUEST) {
            missing.add("spec.fault." + rule.fault().kind().field() + ": Envoy has no filter for faults of "
                    + (rule.fault().kind().plane() == Fault.Plane.DNS ? "DNS" : "connections"));
        }
        if (rule.fault().kind() == Fault.Kind.RESET) {
            missing.add("spec.fault.reset: Envoy's filter cannot reset a connection");
        }
        if (rule.fault() instanceof Abort abort && abort.body() != null) {
            missing.add("spec.fault.abort.body: the body is always 'fault filter abort'");
        }
        if (!scope.listeners().isEmpty()) {
            missing.add("spec.scope.listeners: put the filter into those listeners and leave this out");
        }
        if (!scope.routes().isEmpty()) {
            missing.add(
                    "spec.scope.routes: put the filter into typed_per_filter_config of those routes and leave this out");
        }
        if (scope.clusters().size() > 1) {
            missing.add("spec.scope.clusters: upstream_cluster is one name");
        }
        if (!scope.source().cidrs().isEmpty()) {
            missing.add("spec.scope.source.cidrs: the filter knows no addresses");
        }
        if (!scope.cohort().percent().isFull()) {
            missing.add("spec.scope.cohort: the filter draws every request anew");
        }
        for (int i = 0; i < scope.headers().size(); i++) {
            if (matchesEmpty(scope.headers().get(i))) {
                missing.add("spec.scope.headers[" + i
                        + "]: an inverted test that the empty value passes cannot tell an absent header");
            }
        }
        if (rule.limits().maxTrafficPercent() != null) {
            missing.add("spec.limits.maxTrafficPercent: there is no such limit");
        }
        if (rule.limits().maxPerSecond() > 0) {
            missing.add("spec.limits.maxPerSecond: there is no such limit");
        }
        if (!rule.schedule().equals(Schedule.ALWAYS)) {
            missing.add("spec.schedule: the filter has no clock");
        }
        if (rule.ttl() != null) {
            missing.add("spec.ttl: the filter has no clock");
        }
        if (rule.seed() != null) {
            missing.add("spec.seed: the filter's draws cannot be replayed");
        }
        if (rule.dryRun()) {
            missing.add("spec.dryRun: the filter cannot count without acting");
        }
        if (!rule.tag().equals(Tag.NONE)) {
            missing.add("spec.tag: the filter adds no header and no baggage");
        }
        return missing;
    }

    private static boolean matchesEmpty(HeaderMatcher header) {
        StringMatcher value = header.value();
        return header.invert() && value != null && value.compile().test("");
    }

    /**
     * The filter as an entry of {@code http_filters}. The experiment's id and the labels are its {@code filter_metadata}.
     *
     * @throws IllegalArgumentException when the rule is {@link #inexpressible}
     */
    public static Map<String, Object> filter(FaultRule rule) {
        List<String> missing = inexpressible(rule);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "rule " + rule.name() + " cannot be an HTTPFault: " + String.join("; ", missing));
        }
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("@type", TYPE);
        fault(rule.fault(), fraction(rule.percentage()), config);
        Scope scope = rule.scope();
        if (!scope.clusters().isEmpty()) {
            config.put("upstream_cluster", scope.clusters().get(0));
        }
        List<Object> headers = headers(scope);
        if (!headers.isEmpty()) {
            config.put("headers", headers);
        }
        if (!scope.source().nodes().isEmpty()) {
            config.put("downstream_nodes", scope.source().nodes());
        }
        if (rule.limits().maxConcurrent() > 0) {
            config.put("max_active_faults", rule.limits().maxConcurrent());
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        if (rule.experimentId() != null) {
            metadata.put("chaos.experiment.id", rule.experimentId());
        }
        if (!rule.labels().isEmpty()) {
            metadata.put("labels", rule.labels());
        }
        if (!metadata.isEmpty()) {
            config.put("filter_metadata", metadata);
        }
        Map<String, Object> filter = new LinkedHashMap<>();
        filter.put("name", "mishap." + rule.name());
        filter.put("typed_config", config);
        return filter;
    }

    private static void fault(Fault fault, Map<String, Object> percentage, Map<String, Object> config) {
        Map<String, Object> body = new LinkedHashMap<>();
        switch (fault.kind()) {
            case ABORT -> {
                Abort abort = (Abort) fault;
                body.put(
                        abort.isGrpc() ? "grpc_status" : "http_status",
                        abort.isGrpc() ? abort.grpcStatus() : abort.httpStatus());
                body.put("percentage", percentage);
                config.put("abort", body);
            }
            case DELAY -> {
                body.put("fixed_delay", seconds(((Delay) fault).fixed()));
                body.put("percentage", percentage);
                config.put("delay", body);
            }
            case RESPONSE_RATE_LIMIT -> {
                body.put("fixed_limit", Map.of("limit_kbps", ((ResponseRateLimit) fault).kbps()));
                body.put("percentage", percentage);
                config.put("response_rate_limit", body);
            }
            case RESET -> throw new AssertionError("checked before");
        }
    }

    /** As protobuf's JSON has it: {@code 0.1s}. */
    private static String seconds(Duration duration) {
        return BigDecimal.valueOf(duration.toNanos(), 9).stripTrailingZeros().toPlainString() + "s";
    }

    private static Map<String, Object> fraction(Percentage percentage) {
        boolean whole = percentage.millionths() % 10_000 == 0;
        Map<String, Object> fraction = new LinkedHashMap<>();
        fraction.put("numerator", whole ? percentage.millionths() / 10_000 : percentage.millionths());
        fraction.put("denominator", whole ? "HUNDRED" : "MILLION");
        return fraction;
    }

    private static List<Object> headers(Scope scope) {
        List<Object> headers = new ArrayList<>();
        if (!scope.methods().isEmpty()) {
            headers.add(test(
                    ":method",
                    scope.methods().size() == 1
                            ? Map.of("exact", scope.methods().get(0))
                            : regex(scope.methods().stream().map(Pattern::quote).collect(Collectors.joining("|")))));
        }
        StringMatcher path = scope.path();
        if (path != null) {
            headers.add(test(":path", path(path)));
        }
        for (HeaderMatcher header : scope.headers()) {
            headers.add(header(header));
        }
        return headers;
    }

    /** Envoy's {@code :path} has the query, which our path has not. */
    private static Map<String, Object> path(StringMatcher path) {
        String quoted = Pattern.quote(path.text());
        return switch (path.kind()) {
            case EXACT -> regex(quoted + QUERY);
            case PREFIX -> Map.of("prefix", path.text());
            case SUFFIX -> regex("[^?]*" + quoted + QUERY);
            case CONTAINS -> regex("[^?]*" + quoted + "[^?]*" + QUERY);
            case REGEX -> regex("(" + path.text() + ")" + QUERY);
        };
    }

    private static Map<String, Object> regex(String regex) {
        return Map.of("safe_regex", Map.of("regex", regex));
    }

    private static Map<String, Object> test(String name, Map<String, Object> stringMatch) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", name);
        map.put("string_match", stringMatch);
        return map;
    }

    private static Map<String, Object> header(HeaderMatcher header) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", header.name());
        StringMatcher value = header.value();
        HeaderMatcher.Range range = header.range();
        if (value != null) {
            map.put(
                    "string_match",
                    value.kind() == StringMatcher.Kind.REGEX
                            ? regex(value.text())
                            : Map.of(value.kind().field(), value.text()));
        } else if (range != null) {
            map.put("range_match", Map.of("start", range.start(), "end", range.end()));
        } else {
            map.put("present_match", Boolean.TRUE.equals(header.present()));
        }
        if (header.invert()) {
            map.put("invert_match", true);
            if (header.present() == null) {
                // Without this an absent header fails an inverted test, too; ours turns the whole result round.
                map.put("treat_missing_header_as_empty", true);
            }
        }
        return map;
    }
}
