package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * ORIGINAL_DST: a request goes where its connection was going before it was redirected to us, or where a header says.
 *
 * @param header that names the destination and goes before the connection's ({@code http_header_name}), or null
 * @param metadata dynamic metadata that names the destination and goes before the header ({@code metadata_key}), or null
 * @param portOverride {@code upstream_port_override}; 0 = none
 * @param cleanupNanos {@code cleanup_interval}: an endpoint that was not used for that long goes; default 5 s
 */
public record OriginalDst(
        @Nullable HeaderName header, @Nullable MetadataPath metadata, int portOverride, long cleanupNanos)
        implements Discovery {
    static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of("envoy.config.cluster.v3.Cluster.OriginalDstLbConfig")
                    .supported("use_http_header", "http_header_name", "upstream_port_override", "metadata_key"));

    private static final long DEFAULT_CLEANUP_NANOS = 5_000_000_000L;

    /** {@code envoy.type.metadata.v3.MetadataKey}: a value within the metadata of {@code namespace}. */
    record MetadataPath(String namespace, List<String> keys) {
        static @Nullable MetadataPath from(@Nullable ConfigNode key) {
            return key == null
                    ? null
                    : new MetadataPath(
                            key.string("key"),
                            key.messages("path").stream()
                                    .map(segment -> segment.string("key"))
                                    .toList());
        }

        /** The text there, or null. */
        @Nullable
        String find(@Nullable Map<?, ?> fields) {
            Object at = fields;
            for (String key : keys) {
                at = at instanceof Map<?, ?> map ? map.get(key) : null;
            }
            return at instanceof String text ? text : null;
        }
    }

    static OriginalDst from(ConfigNode cluster) {
        if (cluster.message("load_balancing_policy") == null
                && !cluster.enumName("lb_policy").equals("CLUSTER_PROVIDED")) {
            throw new ConfigException("cluster: LB policy " + cluster.enumName("lb_policy")
                    + " is not valid for Cluster type ORIGINAL_DST. Only 'CLUSTER_PROVIDED' is allowed with cluster type"
                    + " 'ORIGINAL_DST'");
        }
        if (cluster.message("load_assignment") != null) {
            throw new ConfigException("ORIGINAL_DST clusters must have no load assignment configured");
        }
        ConfigNode config = cluster.message("original_dst_lb_config");
        String name = config == null ? "" : config.string("http_header_name");
        boolean byHeader = config != null && config.bool("use_http_header", false);
        return new OriginalDst(
                byHeader ? HeaderName.of(name.isEmpty() ? "x-envoy-original-dst-host" : name) : null,
                config == null ? null : MetadataPath.from(config.message("metadata_key")),
                config == null ? 0 : (int) config.integer("upstream_port_override", 0),
                cluster.durationNanos("cleanup_interval", DEFAULT_CLEANUP_NANOS));
    }

    @Override
    public EndpointSource open(Cluster cluster) {
        return new OriginalDstSource(cluster, this);
    }

    /** CLUSTER_PROVIDED of this type. */
    enum Policy implements LbPolicy {
        INSTANCE;

        @Override
        public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
            return (OriginalDstSource) cluster.source();
        }
    }
}
