package dev.mishap.proxy.config.schema;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which extensions belong where: an access log in the place of a filter is one that nobody registered there. Told by what the
 * names of their messages begin with, so that it holds for extensions that are not here, too; messages outside Envoy's API
 * (ours, Istio's) and places that are not listed are up to the translators.
 */
final class ExtensionPlaces {
    static final String TYPED_EXTENSION = "envoy.config.core.v3.TypedExtensionConfig";

    /** What the names of Envoy's own messages begin with; others, such as Istio's envoy.tcp.*, may stand anywhere. */
    private static final List<String> API = List.of("envoy.extensions.", "envoy.config.", "google.");

    private static final Map<String, List<String>> PLACES = new HashMap<>();

    static {
        String http = "envoy.extensions.filters.http.";
        String network = "envoy.extensions.filters.network.";
        String resolver = "envoy.extensions.network.dns_resolver.";
        String route = "envoy.config.route.v3.";
        put("envoy.config.accesslog.v3.AccessLog.typed_config", "envoy.extensions.access_loggers.");
        put(
                "envoy.config.bootstrap.v3.Bootstrap.bootstrap_extensions",
                "envoy.extensions.bootstrap.",
                "envoy.extensions.wasm.",
                "envoy.extensions.network.socket_interface.",
                "envoy.extensions.vcl.",
                "envoy.extensions.stat_sinks.",
                "envoy.extensions.dynamic_modules.",
                "envoy.config.bootstrap.");
        put("envoy.config.bootstrap.v3.Bootstrap.typed_dns_resolver_config", resolver);
        put("envoy.config.bootstrap.v3.Bootstrap.default_regex_engine", "envoy.extensions.regex_engines.");
        put("envoy.config.cluster.v3.Cluster.typed_dns_resolver_config", resolver);
        put("envoy.config.cluster.v3.Cluster.CustomClusterType.typed_config", "envoy.extensions.clusters.");
        put("envoy.config.cluster.v3.Filter.typed_config", network);
        put("envoy.config.core.v3.HealthCheck.event_logger", "envoy.extensions.health_check.event_sinks.");
        put("envoy.config.core.v3.SubstitutionFormatString.formatters", "envoy.extensions.formatter.");
        put(
                "envoy.config.core.v3.TransportSocket.typed_config",
                "envoy.extensions.transport_sockets.",
                "envoy.extensions.dynamic_modules.");
        put("envoy.config.listener.v3.Filter.typed_config", network);
        put(
                "envoy.config.listener.v3.ListenerFilter.typed_config",
                "envoy.extensions.filters.listener.",
                "envoy.extensions.filters.udp.");
        put(
                "envoy.config.metrics.v3.StatsSink.typed_config",
                "envoy.config.metrics.v3.",
                "envoy.extensions.stat_sinks.");
        put("envoy.config.overload.v3.ResourceMonitor.typed_config", "envoy.extensions.resource_monitors.");
        put("envoy.config.rbac.v3.Permission.uri_template", "envoy.extensions.path.match.");
        put(
                route + "ClusterSpecifierPlugin.extension",
                "envoy.extensions.router.cluster_specifiers.",
                "envoy.extensions.cluster_specifiers.");
        put(route + "InternalRedirectPolicy.predicates", "envoy.extensions.internal_redirect.");
        put(route + "RetryPolicy.retry_options_predicates", "envoy.extensions.retry.options.");
        put(route + "RetryPolicy.RetryHostPredicate.typed_config", "envoy.extensions.retry.host.");
        put(route + "RetryPolicy.RetryPriority.typed_config", "envoy.extensions.retry.priority.");
        put(route + "RouteAction.path_rewrite_policy", "envoy.extensions.path.rewrite.");
        put(route + "RouteMatch.path_match_policy", "envoy.extensions.path.match.");
        put("envoy.config.trace.v3.Tracing.Http.typed_config", "envoy.config.trace.v3.", "envoy.extensions.tracers.");
        put(
                "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig.formatters",
                "envoy.extensions.formatter.");
        put("envoy.extensions.clusters.dns.v3.DnsCluster.typed_dns_resolver_config", resolver);
        put("envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig.typed_dns_resolver_config", resolver);
        put(
                "envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ClientContextConfig.typed_dns_resolver_config",
                resolver);
        put(http + "compressor.v3.Compressor.compressor_library", "envoy.extensions.compression.");
        put(http + "decompressor.v3.Decompressor.decompressor_library", "envoy.extensions.compression.");
        String manager = network + "http_connection_manager.v3.";
        put(manager + "HttpFilter.typed_config", http);
        put(manager + "RequestIDExtension.typed_config", "envoy.extensions.request_id.");
        put(
                "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.custom_validator_config",
                "envoy.extensions.transport_sockets.tls.");
    }

    private ExtensionPlaces() {}

    private static void put(String place, String... beginnings) {
        PLACES.put(place, List.of(beginnings));
    }

    /** Whether the message may stand where it does. */
    static boolean fits(MessageNode extension) {
        String name = extension.type().name();
        if (API.stream().noneMatch(name::startsWith)) {
            return true;
        }
        List<String> beginnings = beginnings(extension.parent(), extension.parentField());
        return beginnings == null || beginnings.stream().anyMatch(name::startsWith);
    }

    private static @Nullable List<String> beginnings(@Nullable MessageNode holder, @Nullable FieldType field) {
        if (holder == null || field == null) {
            return null;
        }
        if (holder.type().name().equals(TYPED_EXTENSION)) {
            return beginnings(holder.parent(), holder.parentField());
        }
        return PLACES.get(holder.type().name() + "." + field.name());
    }
}
