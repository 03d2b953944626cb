package dev.mishap.rules.text;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Durations;
import dev.mishap.rules.Endpoints;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Scope;
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
import dev.mishap.rules.schedule.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes the one-line form, clauses in a fixed order. */
final class LinePrinter {
    private LinePrinter() {}

    static List<String> inexpressible(FaultRule rule) {
        List<String> missing = new ArrayList<>();
        if (!rule.labels().isEmpty()) {
            missing.add("metadata.labels");
        }
        if (!rule.schedule().windows().isEmpty()) {
            missing.add("spec.schedule.windows");
        }
        return missing;
    }

    static String print(FaultRule rule) {
        StringJoiner out = new StringJoiner(" ");
        out.add(fault(rule.fault()));
        if (!rule.percentage().isFull()) {
            out.add(rule.percentage().toString());
        }
        conditions(rule.scope(), out);
        list(out, "on service", rule.targets().services());
        list(out, "on node", rule.targets().nodes());
        list(
                out,
                "on label",
                rule.targets().labels().entrySet().stream()
                        .map(label -> label.getKey() + '=' + label.getValue())
                        .toList());
        list(out, "on locality", rule.targets().localities());
        list(out, "on listener", rule.scope().listeners());
        list(out, "on cluster", rule.scope().clusters());
        list(out, "on route", rule.scope().routes());
        list(out, "from", rule.scope().source().cidrs().stream().map(Cidr::text).toList());
        list(
                out,
                "to",
                rule.scope().destination().cidrs().stream().map(Cidr::text).toList());
        cohort(rule, out);
        limits(rule.limits(), out);
        add(out, "for", rule.ttl() == null ? null : Durations.text(rule.ttl()));
        schedule(rule.schedule(), out);
        add(out, "seed", rule.seed());
        add(out, "priority", rule.priority() == 0 ? null : rule.priority());
        add(out, "experiment", rule.experimentId());
        if (rule.tag().responseHeader() != null) {
            out.add("tag header " + quoted(rule.tag().responseHeader()));
        }
        if (rule.tag().baggage()) {
            out.add("tag baggage");
        }
        if (rule.dryRun()) {
            out.add("dry-run");
        }
        return out.add("as " + rule.name()).toString();
    }

    private static void add(StringJoiner out, String clause, @Nullable Object value) {
        if (value != null) {
            out.add(clause + ' ' + value);
        }
    }

    private static String fault(Fault fault) {
        return switch (fault.kind()) {
            case ABORT -> {
                Abort abort = (Abort) fault;
                String body = abort.body();
                yield abort.isGrpc()
                        ? "abort grpc " + GrpcStatus.name(abort.grpcStatus())
                                + (body == null ? "" : " message " + quoted(body))
                        : "abort " + abort.httpStatus() + (body == null ? "" : " body " + quoted(body));
            }
            case DELAY -> "delay " + Durations.text(((Delay) fault).fixed());
            case RESPONSE_RATE_LIMIT -> "rate-limit " + ((ResponseRateLimit) fault).kbps() + "KiB/s";
            case RESET -> reset((Reset) fault);
            default -> TrafficWords.print(fault);
        };
    }

    private static String reset(Reset reset) {
        String after = switch (reset.point()) {
            case REQUEST -> "";
            case HEADERS -> " after headers";
            case BODY -> " after " + reset.bodyBytes() + " bytes";
        };
        return "reset" + after
                + (reset.code() == Http2Error.INTERNAL_ERROR ? "" : " code " + Http2Error.name(reset.code()))
                + (reset.goAway() ? " goaway" : "");
    }

    private static void conditions(Scope scope, StringJoiner out) {
        StringJoiner all = new StringJoiner(" and ");
        scope.headers().forEach(h -> all.add(header(h)));
        StringMatcher path = scope.path();
        if (path != null) {
            all.add("path " + path.kind().operator() + ' ' + quoted(path.text()));
        }
        if (!scope.methods().isEmpty()) {
            all.add("method = " + items(scope.methods()));
        }
        if (!scope.source().nodes().isEmpty()) {
            all.add("node = " + items(scope.source().nodes()));
        }
        text(all, "sni", scope.sni());
        if (!scope.destination().ports().isEmpty()) {
            all.add("port = "
                    + items(scope.destination().ports().stream()
                            .map(String::valueOf)
                            .toList()));
        }
        endpoints(all, scope.endpoints());
        text(all, "name", scope.question().name());
        if (!scope.question().types().isEmpty()) {
            all.add("type = " + items(scope.question().types()));
        }
        if (all.length() > 0) {
            out.add("when " + all);
        }
    }

    private static void endpoints(StringJoiner all, Endpoints to) {
        to.labels().forEach((name, value) -> all.add("endpoint label " + quoted(name) + " = " + quoted(value)));
        condition(
                all, "endpoint address = ", to.cidrs().stream().map(Cidr::text).toList());
        condition(
                all,
                "endpoint port = ",
                to.ports().stream().map(String::valueOf).toList());
        condition(all, "endpoint locality = ", to.localities());
    }

    private static void condition(StringJoiner all, String words, List<String> items) {
        if (!items.isEmpty()) {
            all.add(words + items(items));
        }
    }

    private static void text(StringJoiner all, String word, @Nullable StringMatcher matcher) {
        if (matcher != null) {
            all.add(word + ' ' + matcher.kind().operator() + ' ' + quoted(matcher.text()));
        }
    }

    private static String header(HeaderMatcher header) {
        String name = "header " + quoted(header.name());
        StringMatcher value = header.value();
        if (value != null && value.kind() == StringMatcher.Kind.EXACT) {
            return name + (header.invert() ? " != " : " = ") + quoted(value.text());
        }
        String not = header.invert() ? "not " : "";
        if (value != null) {
            return not + name + ' ' + value.kind().operator() + ' ' + quoted(value.text());
        }
        HeaderMatcher.Range range = header.range();
        if (range != null) {
            return not + name + " in [" + range.start() + ',' + range.end() + ')';
        }
        return not + name + (Boolean.TRUE.equals(header.present()) ? " present" : " absent");
    }

    private static void list(StringJoiner out, String clause, List<String> items) {
        if (!items.isEmpty()) {
            out.add(clause + ' ' + items(items));
        }
    }

    private static String items(List<String> items) {
        return items.stream().map(LinePrinter::quoted).collect(Collectors.joining(","));
    }

    private static void cohort(FaultRule rule, StringJoiner out) {
        Cohort cohort = rule.scope().cohort();
        if (cohort.equals(Cohort.ALL)) {
            return;
        }
        CohortKey key = cohort.key();
        String by = switch (key.kind()) {
            case TRACE_ID -> "";
            case HEADER -> " by header " + quoted(key.name());
            case COOKIE -> " by cookie " + quoted(key.name());
            case SOURCE_ADDRESS -> " by source";
        };
        out.add("cohort " + cohort.percent() + by + (cohort.seed() == null ? "" : " seeded " + quoted(cohort.seed())));
    }

    private static void limits(Limits limits, StringJoiner out) {
        add(out, "max", limits.maxTrafficPercent());
        add(out, "max", limits.maxPerSecond() == 0 ? null : limits.maxPerSecond() + "/s");
        add(out, "max", limits.maxConcurrent() == 0 ? null : limits.maxConcurrent() + " concurrent");
    }

    private static void schedule(Schedule schedule, StringJoiner out) {
        add(
                out,
                "ramp",
                schedule.ramp() == null ? null : Durations.text(schedule.ramp().over()));
        add(out, "starting", schedule.start());
        add(out, "until", schedule.end());
    }

    /** In quotes unless every character is one that no clause gives a meaning to. */
    private static String quoted(String text) {
        boolean bare = !text.isEmpty()
                && text.chars()
                        .allMatch(c -> c >= 'a' && c <= 'z'
                                || c >= 'A' && c <= 'Z'
                                || c >= '0' && c <= '9'
                                || "-_./:@".indexOf(c) >= 0);
        if (bare) {
            return text;
        }
        StringBuilder s = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> s.append('\\').append(c);
                case '\n' -> s.append("\\n");
                case '\r' -> s.append("\\r");
                case '\t' -> s.append("\\t");
                default -> s.append(c);
            }
        }
        return s.append('"').toString();
    }
}
