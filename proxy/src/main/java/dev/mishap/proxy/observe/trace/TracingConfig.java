package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.ConnectionManagerStats;
import dev.mishap.proxy.http.RouteTracing.Fraction;
import dev.mishap.proxy.http.SpanTag;
import dev.mishap.proxy.http.StreamTracer;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a connection manager says of tracing.
 *
 * @param outbound whether the listener's traffic_direction is OUTBOUND: spans are then of kind CLIENT
 * @param nodeId of the proxy, {@code zone} of it, {@code ""} = not given
 */
public record TracingConfig(
        boolean outbound,
        String nodeId,
        String zone,
        Fraction client,
        Fraction random,
        Fraction overall,
        int maxPathTagLength,
        boolean verbose,
        boolean spawnUpstreamSpan,
        List<SpanTag> tags) {
    private static final String TRACING =
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing";

    public static final List<SupportedFields> FIELDS = fields();

    public TracingConfig {
        tags = List.copyOf(tags);
    }

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of(TRACING)
                .supported(
                        "client_sampling",
                        "random_sampling",
                        "overall_sampling",
                        "verbose",
                        "max_path_tag_length",
                        "custom_tags",
                        "provider",
                        "spawn_upstream_span"));
        all.add(SupportedFields.of("envoy.config.trace.v3.Tracing").supported("http"));
        all.add(SupportedFields.of("envoy.config.trace.v3.Tracing.Http").supported("name", "typed_config"));
        all.addAll(RequestIdConfig.FIELDS);
        all.addAll(CustomTags.FIELDS);
        all.addAll(RouteTracingConfig.FIELDS);
        all.addAll(ZipkinConfig.FIELDS);
        all.addAll(OtlpTracer.FIELDS);
        all.addAll(OtlpResource.FIELDS);
        all.addAll(OtlpSampler.FIELDS);
        return List.copyOf(all);
    }

    /** What tracers need of the process. */
    public record Environment(
            String nodeId,
            String nodeCluster,
            String zone,
            Scope root,
            Supplier<RuntimeSnapshot> runtime,
            ClusterManager clusters,
            AsyncHttpClient client,
            AsyncGrpcClient grpc,
            String version) {}

    /**
     * Reads {@code HttpConnectionManager.tracing}.
     *
     * @param ids how requests' ids and the decisions to trace hang together
     * @param byDefault {@code Bootstrap.tracing}'s provider, which is used when there is none here
     */
    public static StreamTracer from(
            ConfigNode node,
            boolean outbound,
            RequestIdConfig ids,
            @Nullable ConfigNode byDefault,
            Environment environment,
            ConnectionManagerStats.Tracing stats) {
        TracingConfig config = new TracingConfig(
                outbound,
                environment.nodeId(),
                environment.zone(),
                new Fraction(percent(node, "client_sampling", 1), 100),
                new Fraction(percent(node, "random_sampling", 100), 10_000),
                new Fraction(percent(node, "overall_sampling", 1), 100),
                (int) Math.min(node.integer("max_path_tag_length", 256), Integer.MAX_VALUE),
                node.bool("verbose", false),
                node.bool("spawn_upstream_span", false),
                CustomTags.from(node.messages("custom_tags")));
        ConfigNode provider = node.message("provider");
        if (provider == null) {
            provider = byDefault;
        }
        return new RequestTracing(config, ids, provider == null ? null : tracer(provider, environment), stats);
    }

    /** In Envoy, client and overall shares are whole percents, random ones hundredths of them. */
    private static long percent(ConfigNode node, String field, int parts) {
        ConfigNode percent = node.message(field);
        return percent == null ? 100L * parts : (long) (percent.number("value", 0) * parts);
    }

    private static Tracer tracer(ConfigNode provider, Environment environment) {
        ConfigNode config = provider.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (config != null && type.equals(OtlpTracer.MESSAGE)) {
            return OtlpTracer.from(config, environment);
        }
        if (config == null || !type.equals(ZipkinConfig.MESSAGE)) {
            throw new ConfigException("Didn't find a registered implementation for '" + provider.string("name")
                    + "' with type URL: '" + type + "'");
        }
        return ZipkinConfig.tracer(config, environment);
    }
}
