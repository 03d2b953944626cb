package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.route.match.MetadataMatcher;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Decides whether a request is logged, as {@code envoy.config.accesslog.v3.AccessLogFilter}. Immutable. */
@FunctionalInterface
public interface AccessLogFilter {
    /** Every message of a filter. */
    List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.accesslog.v3.AccessLogFilter")
                    .supported(
                            "status_code_filter",
                            "duration_filter",
                            "not_health_check_filter",
                            "traceable_filter",
                            "runtime_filter",
                            "and_filter",
                            "or_filter",
                            "header_filter",
                            "response_flag_filter",
                            "grpc_status_filter",
                            "metadata_filter",
                            "log_type_filter")
                    .refused(
                            "extension_filter",
                            "there is no evaluator of CEL expressions; the other filters say what they can"),
            SupportedFields.of("envoy.config.accesslog.v3.ComparisonFilter").supported("op", "value"),
            SupportedFields.of("envoy.config.core.v3.RuntimeUInt32").supported("default_value", "runtime_key"),
            SupportedFields.of("envoy.config.accesslog.v3.StatusCodeFilter").supported("comparison"),
            SupportedFields.of("envoy.config.accesslog.v3.DurationFilter").supported("comparison"),
            SupportedFields.of("envoy.config.accesslog.v3.NotHealthCheckFilter"),
            SupportedFields.of("envoy.config.accesslog.v3.TraceableFilter"),
            SupportedFields.of("envoy.config.accesslog.v3.RuntimeFilter")
                    .supported("runtime_key", "percent_sampled", "use_independent_randomness"),
            SupportedFields.of("envoy.config.accesslog.v3.AndFilter").supported("filters"),
            SupportedFields.of("envoy.config.accesslog.v3.OrFilter").supported("filters"),
            SupportedFields.of("envoy.config.accesslog.v3.HeaderFilter").supported("header"),
            SupportedFields.of("envoy.config.accesslog.v3.ResponseFlagFilter").supported("flags"),
            SupportedFields.of("envoy.config.accesslog.v3.GrpcStatusFilter").supported("statuses", "exclude"),
            SupportedFields.of("envoy.config.accesslog.v3.MetadataFilter")
                    .supported("matcher", "match_if_key_not_found"),
            SupportedFields.of("envoy.config.accesslog.v3.LogTypeFilter").supported("types", "exclude"));

    boolean logs(LogContext context);

    /** Reads a filter; {@code runtime} gives the runtime values of now. */
    static AccessLogFilter from(ConfigNode node, Supplier<RuntimeSnapshot> runtime) {
        String kind = node.oneof("filter_specifier");
        if (kind == null) {
            throw node.error("filter_specifier", "value is required");
        }
        ConfigNode inner = node.required(kind);
        switch (kind) {
            case "status_code_filter":
                return compare(inner.required("comparison"), runtime, c -> c.info().responseCode);
            case "duration_filter":
                return compare(inner.required("comparison"), runtime, c -> durationMillis(c.info()));
            case "not_health_check_filter":
                return c -> !c.info().healthCheck;
            case "traceable_filter":
                return c -> c.info().traceForced && !c.info().healthCheck;
            case "runtime_filter":
                return sample(inner, runtime);
            case "and_filter":
                List<AccessLogFilter> all = list(inner, runtime);
                return c -> {
                    for (int i = 0; i < all.size(); i++) {
                        if (!all.get(i).logs(c)) {
                            return false;
                        }
                    }
                    return true;
                };
            case "or_filter":
                List<AccessLogFilter> any = list(inner, runtime);
                return c -> {
                    for (int i = 0; i < any.size(); i++) {
                        if (any.get(i).logs(c)) {
                            return true;
                        }
                    }
                    return false;
                };
            case "header_filter":
                HeaderMatcher header = HeaderMatcher.from(inner.required("header"));
                return c -> header.matches(c.request());
            case "response_flag_filter":
                return flags(inner.strings("flags"));
            case "grpc_status_filter":
                List<Long> statuses = inner.integers("statuses");
                boolean exclude = inner.bool("exclude", false);
                return c -> {
                    long status = GrpcStatusField.anyStatus(c);
                    return statuses.contains(status < 0 ? 2L : status) != exclude; // 2 = UNKNOWN
                };
            case "metadata_filter":
                return metadata(inner);
            case "log_type_filter":
                List<Long> types = inner.integers("types");
                boolean others = inner.bool("exclude", false);
                long wanted = 0;
                for (long type : types) {
                    wanted |= 1L << type;
                }
                long mask = wanted;
                return c -> (mask >> c.info().accessLogType.number() & 1) != 0 != others;
            default:
                throw node.error(kind, "is not supported");
        }
    }

    private static List<AccessLogFilter> list(ConfigNode node, Supplier<RuntimeSnapshot> runtime) {
        List<AccessLogFilter> filters = new ArrayList<>();
        for (ConfigNode filter : node.messages("filters")) {
            filters.add(from(filter, runtime));
        }
        return List.copyOf(filters);
    }

    private static long durationMillis(StreamInfo info) {
        return info.endNanos == 0 ? -1 : (info.endNanos - info.startNanos) / 1_000_000;
    }

    /** Compares a number, which is -1 when there is none and then never passes. */
    private static AccessLogFilter compare(
            ConfigNode comparison, Supplier<RuntimeSnapshot> runtime, ToLongFunction<LogContext> value) {
        ConfigNode limit = comparison.required("value");
        long byDefault = limit.integer("default_value", 0);
        String key = limit.string("runtime_key");
        String op = comparison.enumName("op");
        return c -> {
            long v = value.applyAsLong(c);
            long other = runtime.get().integer(key, byDefault);
            if (v < 0) {
                return false;
            }
            return switch (op) {
                case "GE" -> v >= other;
                case "LE" -> v <= other;
                case "NE" -> v != other;
                default -> v == other;
            };
        };
    }

    /** A share of the requests, drawn by the request's id so that all logs of one request agree, unless told otherwise. */
    private static AccessLogFilter sample(ConfigNode node, Supplier<RuntimeSnapshot> runtime) {
        String key = node.string("runtime_key");
        boolean independent = node.bool("use_independent_randomness", false);
        ConfigNode percent = node.message("percent_sampled");
        long share = RuntimeFraction.partsPerMillion(percent);
        long denominator = percent == null
                ? 100
                : switch (percent.enumName("denominator")) {
                    case "TEN_THOUSAND" -> 10_000;
                    case "MILLION" -> 1_000_000;
                    default -> 100;
                };
        return c -> {
            long now = runtime.get().partsPerMillion(key, share);
            long draw = independent ? -1 : idNumber(c);
            if (draw < 0) {
                draw = ThreadLocalRandom.current().nextLong(1_000_000_000);
            }
            return draw % denominator < now * denominator / 1_000_000;
        };
    }

    /** The first eight hex digits of the request's id, -1 = there is none. */
    private static long idNumber(LogContext context) {
        String id = context.request().get(HeaderName.X_REQUEST_ID);
        if (id == null || id.length() < 8) {
            return -1;
        }
        long n = 0;
        for (int i = 0; i < 8; i++) {
            int digit = Character.digit(id.charAt(i), 16);
            if (digit < 0) {
                return -1;
            }
            n = n << 4 | digit;
        }
        return n;
    }

    private static AccessLogFilter flags(List<String> names) {
        List<ResponseFlag> wanted = new ArrayList<>();
        for (ResponseFlag flag : ResponseFlag.values()) {
            if (names.contains(flag.shortName())) {
                wanted.add(flag);
            }
        }
        if (names.isEmpty()) {
            return c -> c.info().flagCount() > 0;
        }
        return c -> {
            for (int i = 0; i < wanted.size(); i++) {
                if (c.info().hasFlag(wanted.get(i))) {
                    return true;
                }
            }
            return false;
        };
    }

    private static AccessLogFilter metadata(ConfigNode node) {
        boolean whenMissing = node.bool("match_if_key_not_found", true);
        ConfigNode matcherNode = node.message("matcher");
        @Nullable MetadataMatcher matcher = matcherNode == null ? null : MetadataMatcher.from(matcherNode);
        return c -> matcher != null && matcher.found(c.info()) ? matcher.matches(c.info()) : whenMissing;
    }
}
