package dev.mishap.control.xds;

import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The clusters that a client was sent and whose endpoints it has not got yet: until it has, a route to them fails. A client answers to a
 * cluster before or after it has asked for the endpoints, so its answer alone does not tell.
 */
final class ClusterEndpoints {
    private final Set<String> awaited = new HashSet<>(0);
    private long since;

    /** These clusters go out. */
    void sent(Changes clusters, ResourceView view, long now) {
        for (Resource cluster : clusters.put) {
            String name = cluster.endpoints();
            if (!name.isEmpty() && view.resource(TypeUrls.ENDPOINT, name) != null) {
                awaited.add(name);
                since = now;
            }
        }
    }

    /** How long to wait for them still, in nanoseconds. */
    long waitNanos(@Nullable Subscription endpoints, long now, long deadlineNanos) {
        if (awaited.isEmpty()) {
            return 0;
        }
        if (endpoints != null && !endpoints.pending()) {
            awaited.removeIf(endpoints::hasSent);
        }
        long left = since + deadlineNanos - now;
        if (left <= 0) {
            awaited.clear();
        }
        return awaited.isEmpty() ? 0 : left;
    }

    /** The name under which the client asks for the cluster's endpoints on its aggregated stream; empty when it does not. */
    static String of(Resource cluster) {
        try {
            Cluster message = Cluster.parseFrom(cluster.body());
            if (message.getType() != Cluster.DiscoveryType.EDS
                    || !message.getEdsClusterConfig().getEdsConfig().hasAds()) {
                return "";
            }
            String service = message.getEdsClusterConfig().getServiceName();
            return service.isEmpty() ? message.getName() : service;
        } catch (InvalidProtocolBufferException e) {
            return "";
        }
    }
}
