package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.RetryPolicy.ResetHeader;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.upstream.RetryOn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code envoy.config.route.v3.RetryPolicy}. */
final class RetryPolicyConfig {
    private static final String HOST = "envoy.extensions.retry.host.";
    private static final String PREVIOUS_PRIORITIES =
            "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.RetryPolicy")
                    .supported(
                            "retry_on",
                            "num_retries",
                            "per_try_timeout",
                            "per_try_idle_timeout",
                            "retry_priority",
                            "retry_host_predicate",
                            "retry_options_predicates",
                            "host_selection_retry_max_attempts",
                            "retriable_status_codes",
                            "retry_back_off",
                            "rate_limited_retry_back_off",
                            "retriable_headers",
                            "retriable_request_headers"),
            SupportedFields.of("envoy.config.route.v3.RetryPolicy.RetryHostPredicate")
                    .supported("name", "typed_config"),
            SupportedFields.of("envoy.config.route.v3.RetryPolicy.RetryPriority")
                    .supported("name", "typed_config"),
            SupportedFields.of(PREVIOUS_PRIORITIES).supported("update_frequency"),
            SupportedFields.of(HOST + "previous_hosts.v3.PreviousHostsPredicate"),
            SupportedFields.of(HOST + "omit_canary_hosts.v3.OmitCanaryHostsPredicate"),
            SupportedFields.of(HOST + "omit_host_metadata.v3.OmitHostMetadataConfig")
                    .supported("metadata_match"),
            SupportedFields.of("envoy.config.route.v3.RetryPolicy.RetryBackOff")
                    .supported("base_interval", "max_interval"),
            SupportedFields.of("envoy.config.route.v3.RetryPolicy.RateLimitedRetryBackOff")
                    .supported("reset_headers", "max_interval"),
            SupportedFields.of("envoy.config.route.v3.RetryPolicy.ResetHeader").supported("name", "format"));

    private static final String PREVIOUS_HOSTS = "envoy.retry_host_predicates.previous_hosts";
    private static final long DEFAULT_BASE_NANOS = 25_000_000;
    private static final long DEFAULT_RESET_MAX_NANOS = 300_000_000_000L;

    private RetryPolicyConfig() {}

    static @Nullable RetryPolicy from(@Nullable ConfigNode node) {
        if (node == null) {
            return null;
        }
        Set<Integer> codes = new LinkedHashSet<>();
        for (Long code : node.integers("retriable_status_codes")) {
            codes.add(code.intValue());
        }
        long base = DEFAULT_BASE_NANOS;
        long max = base * 10;
        ConfigNode backOff = node.message("retry_back_off");
        if (backOff != null) {
            base = Math.max(backOff.durationNanos("base_interval", DEFAULT_BASE_NANOS), 1_000_000);
            max = backOff.durationNanos("max_interval", base * 10);
            if (max < base) {
                throw new ConfigException("retry_policy.max_interval must greater than or equal to the base_interval");
            }
        }
        checkOptionsPredicates(node);
        Predicates predicates = Predicates.from(node);
        ConfigNode limited = node.message("rate_limited_retry_back_off");
        return new RetryPolicy(
                RetryOn.parse(node.string("retry_on")),
                (int) Math.min(node.integer("num_retries", 1), Integer.MAX_VALUE),
                node.durationNanos("per_try_timeout", 0),
                node.durationNanos("per_try_idle_timeout", 0),
                Set.copyOf(codes),
                HeaderMatcher.listFrom(node.messages("retriable_headers")),
                HeaderMatcher.listFrom(node.messages("retriable_request_headers")),
                base,
                max,
                limited == null ? List.of() : resetHeaders(limited),
                limited == null
                        ? DEFAULT_RESET_MAX_NANOS
                        : limited.durationNanos("max_interval", DEFAULT_RESET_MAX_NANOS),
                predicates.previous(),
                predicates.canary(),
                predicates.metadata(),
                priority(node.message("retry_priority")),
                (int) Math.max(1, Math.min(node.integer("host_selection_retry_max_attempts", 1), Integer.MAX_VALUE)));
    }

    /** Envoy brings none along: each is an extension of somebody's own. */
    private static void checkOptionsPredicates(ConfigNode policy) {
        for (ConfigNode predicate : policy.messages("retry_options_predicates")) {
            ConfigNode config = predicate.message("typed_config");
            throw new ConfigException("Didn't find a registered implementation for '" + predicate.string("name")
                    + "' with type URL: '" + (config == null ? "" : config.messageName()) + "'");
        }
    }

    private static int priority(@Nullable ConfigNode priority) {
        if (priority == null) {
            return 0;
        }
        ConfigNode config = priority.message("typed_config");
        if (config == null || !config.messageName().equals(PREVIOUS_PRIORITIES)) {
            throw new ConfigException("Didn't find a registered implementation for '" + priority.string("name")
                    + "' with type URL: '" + (config == null ? "" : config.messageName()) + "'");
        }
        return (int) config.integer("update_frequency", 0);
    }

    private static List<ResetHeader> resetHeaders(ConfigNode limited) {
        List<ResetHeader> headers = new ArrayList<>();
        for (ConfigNode header : limited.messages("reset_headers")) {
            headers.add(new ResetHeader(
                    HeaderName.of(header.string("name")),
                    header.enumName("format").equals("UNIX_TIMESTAMP")));
        }
        return List.copyOf(headers);
    }

    /** What {@code retry_host_predicate}s say together. */
    private record Predicates(boolean previous, boolean canary, List<Map<String, Object>> metadata) {
        static Predicates from(ConfigNode policy) {
            boolean previous = false;
            boolean canary = false;
            List<Map<String, Object>> metadata = new ArrayList<>();
            for (ConfigNode predicate : policy.messages("retry_host_predicate")) {
                ConfigNode config = predicate.message("typed_config");
                String type = config == null ? "" : config.messageName();
                if (config != null && type.equals(HOST + "omit_host_metadata.v3.OmitHostMetadataConfig")) {
                    Map<String, Object> wanted = lbMetadata(config);
                    if (!wanted.isEmpty()) {
                        metadata.add(wanted);
                    }
                } else if (type.equals(HOST + "omit_canary_hosts.v3.OmitCanaryHostsPredicate")) {
                    canary = true;
                } else if (config != null || predicate.string("name").equals(PREVIOUS_HOSTS)) {
                    previous = true;
                } else {
                    throw new ConfigException("Didn't find a registered implementation for '" + predicate.string("name")
                            + "' with type URL: ''");
                }
            }
            return new Predicates(previous, canary, List.copyOf(metadata));
        }

        private static Map<String, Object> lbMetadata(ConfigNode config) {
            ConfigNode match = config.message("metadata_match");
            Map<String, Object> wanted = new HashMap<>();
            if (match != null
                    && match.struct("filter_metadata") instanceof Map<?, ?> namespaces
                    && namespaces.get("envoy.lb") instanceof Map<?, ?> fields) {
                fields.forEach((key, value) -> wanted.put(String.valueOf(key), value));
            }
            return wanted;
        }
    }
}
