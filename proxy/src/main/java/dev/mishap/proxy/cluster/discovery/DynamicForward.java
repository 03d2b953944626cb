package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.dns.cache.HostCacheConfig;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * {@code envoy.clusters.dynamic_forward_proxy}: a request goes to the host that it names, which {@code
 * envoy.filters.http.dynamic_forward_proxy} has resolved before.
 *
 * @param cache where the addresses of hosts are
 * @param defaultPort of a host without one: 443 where the cluster has TLS, else 80
 */
public record DynamicForward(HostCacheConfig cache, int defaultPort) implements Discovery {
    static final String MESSAGE = "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig";
    static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(MESSAGE).supported("dns_cache_config", "allow_insecure_cluster_options"));

    private static final String TLS = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

    static DynamicForward from(ConfigNode cluster, ConfigNode config) {
        ConfigNode socket = cluster.message("transport_socket");
        ConfigNode transport = socket == null ? null : socket.message("typed_config");
        boolean tls = transport != null && transport.messageName().equals(TLS);
        return new DynamicForward(HostCacheFields.from(config.messageOrEmpty("dns_cache_config")), tls ? 443 : 80);
    }

    @Override
    public EndpointSource open(Cluster cluster) {
        return new DynamicForwardSource(cluster, cluster.context().hostCache(cache), defaultPort);
    }

    /** CLUSTER_PROVIDED of this type. */
    enum Policy implements LbPolicy {
        INSTANCE;

        @Override
        public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
            return (DynamicForwardSource) cluster.source();
        }
    }
}
