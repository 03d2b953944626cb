package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.StatSource;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.stats.TagExtractor.Tag;
import dev.mishap.proxy.observe.stats.TagExtractor.Tagged;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/** The stats of the endpoints of clusters that say {@code track_cluster_stats.per_endpoint_stats}. */
public final class EndpointStats implements StatSource {
    private final Supplier<Collection<Cluster>> clusters;

    public EndpointStats(Supplier<Collection<Cluster>> clusters) {
        this.clusters = clusters;
    }

    @Override
    public void forEach(Visitor visitor) {
        for (Cluster c : clusters.get()) {
            if (c.config().perEndpointStats()) {
                String name = StatsStore.sanitize(c.config().statName());
                for (Endpoint e : c.endpoints().all()) {
                    new One(name, e, visitor).tell();
                }
            }
        }
    }

    /** Tells of one endpoint. */
    private static final class One {
        private final Endpoint endpoint;
        private final Visitor visitor;
        private final String prefix;
        private final List<Tag> tags = new ArrayList<>();

        One(String cluster, Endpoint endpoint, Visitor visitor) {
            this.endpoint = endpoint;
            this.visitor = visitor;
            String address = endpoint.toString();
            prefix = "cluster." + cluster + ".endpoint." + StatsStore.sanitize(address) + ".";
            tags.add(new Tag("envoy.cluster_name", cluster));
            tags.add(new Tag("envoy.endpoint_address", address));
            if (!endpoint.hostname().isEmpty()) {
                tags.add(new Tag("envoy.endpoint_hostname", endpoint.hostname()));
            }
        }

        void tell() {
            counter("cx_connect_fail", endpoint.cxConnectFail.sum());
            counter("cx_total", endpoint.cxTotal.sum());
            counter("rq_error", endpoint.rqError.sum());
            counter("rq_success", endpoint.rqSuccess.sum());
            counter("rq_timeout", endpoint.rqTimeout.sum());
            counter("rq_total", endpoint.rqTotal.sum());
            gauge("cx_active", endpoint.cxActive.sum());
            gauge("rq_active", endpoint.rqActive.get());
            gauge("rq_pending_active", endpoint.rqPendingActive.sum());
            gauge("healthy", endpoint.healthy() ? 1 : 0);
        }

        private void counter(String name, long value) {
            visitor.stat(prefix + name, new Tagged("cluster.endpoint." + name, tags), true, value);
        }

        private void gauge(String name, long value) {
            visitor.stat(prefix + name, new Tagged("cluster.endpoint." + name, tags), false, value);
        }
    }
}
