package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.HeaderNames;
import dev.mishap.proxy.upstream.client.GrpcService;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code ExternalProcessor}, resolved.
 *
 * @param statusOnError of the answer when the service fails otherwise than by taking too long; 0 = 500
 * @param messageTimeoutNanos within which each message is to be answered; 0 = at once
 * @param maxMessageTimeoutNanos up to which the service may ask for more; 0 = it may not
 * @param allowedHeaders that the service sees; all when not given
 * @param allowedModes that the service may ask for; empty = all
 * @param forwarded namespaces of metadata that the service sees
 * @param received namespaces of metadata that the service may set
 */
record ExtProcConfig(
        GrpcService service,
        boolean failureModeAllow,
        int statusOnError,
        ProcessingMode mode,
        long messageTimeoutNanos,
        long maxMessageTimeoutNanos,
        String statPrefix,
        MutationRules rules,
        HeaderNames allowedHeaders,
        HeaderNames disallowedHeaders,
        boolean allowModeOverride,
        List<ProcessingMode> allowedModes,
        boolean disableImmediateResponse,
        RouteCache routeCache,
        List<String> forwarded,
        List<String> received) {
    private static final String PACKAGE = "envoy.extensions.filters.http.ext_proc.v3.";
    static final String FILTER = PACKAGE + "ExternalProcessor";
    static final String PER_ROUTE = PACKAGE + "ExtProcPerRoute";
    private static final String NAMESPACES = PACKAGE + "MetadataOptions.MetadataNamespaces";
    private static final long DEFAULT_MESSAGE_TIMEOUT_NANOS = 200_000_000;

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER)
                    .supported(
                            "grpc_service",
                            "failure_mode_allow",
                            "processing_mode",
                            "message_timeout",
                            "max_message_timeout",
                            "stat_prefix",
                            "mutation_rules",
                            "forward_rules",
                            "allow_mode_override",
                            "allowed_override_modes",
                            "disable_immediate_response",
                            "disable_clear_route_cache",
                            "route_cache_action",
                            "metadata_options",
                            "status_on_error"),
            SupportedFields.of(ProcessingMode.MESSAGE)
                    .supported(
                            "request_header_mode",
                            "response_header_mode",
                            "request_body_mode",
                            "response_body_mode",
                            "request_trailer_mode",
                            "response_trailer_mode"),
            SupportedFields.of(PACKAGE + "HeaderForwardingRules").supported("allowed_headers", "disallowed_headers"),
            SupportedFields.of(PACKAGE + "MetadataOptions").supported("forwarding_namespaces", "receiving_namespaces"),
            SupportedFields.of(NAMESPACES).supported("untyped"),
            MutationRules.FIELDS,
            SupportedFields.of(PER_ROUTE).supported("disabled", "overrides"),
            SupportedFields.of(PACKAGE + "ExtProcOverrides")
                    .supported(
                            "processing_mode",
                            "grpc_service",
                            "metadata_options",
                            "grpc_initial_metadata",
                            "failure_mode_allow"));

    /** When the route is chosen anew after the service changed a request's headers. */
    enum RouteCache {
        /** When it says so. */
        DEFAULT,
        CLEAR,
        RETAIN
    }

    /** What a level of the route says; null = what the levels above it say. */
    record PerRoute(
            boolean disabled,
            @Nullable ProcessingMode mode,
            @Nullable GrpcService service,
            List<String> initialMetadata,
            @Nullable Boolean failureModeAllow,
            @Nullable List<String> forwarded,
            @Nullable List<String> received) {
        static PerRoute from(ConfigNode node) {
            ConfigNode overrides = node.message("overrides");
            if (overrides == null) {
                return new PerRoute(node.bool("disabled", false), null, null, List.of(), null, null, null);
            }
            ConfigNode mode = overrides.message("processing_mode");
            ConfigNode service = overrides.message("grpc_service");
            ConfigNode metadata = overrides.message("metadata_options");
            List<String> initial = new ArrayList<>();
            for (ConfigNode header : overrides.messages("grpc_initial_metadata")) {
                initial.add(header.string("key"));
                initial.add(header.string("value"));
            }
            return new PerRoute(
                    false,
                    mode == null ? null : ProcessingMode.from(mode),
                    service == null ? null : GrpcService.ofStream(service),
                    List.copyOf(initial),
                    overrides.has("failure_mode_allow") ? overrides.bool("failure_mode_allow", false) : null,
                    metadata == null ? null : namespaces(metadata, "forwarding_namespaces"),
                    metadata == null ? null : namespaces(metadata, "receiving_namespaces"));
        }
    }

    static ExtProcConfig from(ConfigNode node) {
        ConfigNode rules = node.message("forward_rules");
        ConfigNode metadata = node.message("metadata_options");
        RouteCache cache = RouteCache.valueOf(node.enumName("route_cache_action"));
        if (node.bool("disable_clear_route_cache", false)) {
            if (cache != RouteCache.DEFAULT) {
                throw new ConfigException(
                        "disable_clear_route_cache and route_cache_action can not be set to none-default at the same time.");
            }
            cache = RouteCache.RETAIN;
        }
        ConfigNode status = node.message("status_on_error");
        ConfigNode service = node.message("grpc_service");
        if (service == null) {
            throw new ConfigException("One and only one of grpc_service or http_service must be configured");
        }
        ProcessingMode mode = ProcessingMode.from(node.message("processing_mode"));
        mode.check();
        return new ExtProcConfig(
                GrpcService.ofStream(service),
                node.bool("failure_mode_allow", false),
                status == null ? 0 : (int) status.integer("code", 0),
                mode,
                node.durationNanos("message_timeout", DEFAULT_MESSAGE_TIMEOUT_NANOS),
                node.durationNanos("max_message_timeout", 0),
                node.string("stat_prefix"),
                MutationRules.from(node.message("mutation_rules")),
                HeaderNames.of(rules == null ? null : rules.message("allowed_headers")),
                HeaderNames.of(rules == null ? null : rules.message("disallowed_headers")),
                node.bool("allow_mode_override", false),
                node.messages("allowed_override_modes").stream()
                        .map(ProcessingMode::from)
                        .toList(),
                node.bool("disable_immediate_response", false),
                cache,
                metadata == null ? List.of() : namespaces(metadata, "forwarding_namespaces"),
                metadata == null ? List.of() : namespaces(metadata, "receiving_namespaces"));
    }

    private static List<String> namespaces(ConfigNode options, String field) {
        ConfigNode namespaces = options.message(field);
        return namespaces == null ? List.of() : namespaces.strings("untyped");
    }

    /** As the levels of a route change it, the most specific first; null when the last word is that it is off. */
    @Nullable
    ExtProcConfig at(List<Object> levels) {
        ExtProcConfig result = this;
        boolean disabled = false;
        for (int i = levels.size() - 1; i >= 0; i--) {
            if (levels.get(i) instanceof PerRoute level) {
                disabled = level.disabled();
                if (!disabled) {
                    result = result.with(level);
                }
            }
        }
        return disabled ? null : result;
    }

    private ExtProcConfig with(PerRoute level) {
        GrpcService to = level.service() == null ? service : level.service();
        if (!level.initialMetadata().isEmpty()) {
            List<String> all = new ArrayList<>(to.metadata());
            all.addAll(level.initialMetadata());
            to = to.with(to.timeoutNanos(), all);
        }
        return new ExtProcConfig(
                to,
                level.failureModeAllow() == null ? failureModeAllow : level.failureModeAllow(),
                statusOnError,
                level.mode() == null ? mode : level.mode(),
                messageTimeoutNanos,
                maxMessageTimeoutNanos,
                statPrefix,
                rules,
                allowedHeaders,
                disallowedHeaders,
                allowModeOverride,
                allowedModes,
                disableImmediateResponse,
                routeCache,
                level.forwarded() == null ? forwarded : level.forwarded(),
                level.received() == null ? received : level.received());
    }

    /** Whether the service sees the header of that name. */
    boolean forwards(String name) {
        return (!allowedHeaders.given() || allowedHeaders.contain(name)) && !disallowedHeaders.contain(name);
    }
}
