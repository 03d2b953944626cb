package dev.mishap.control.compile;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mishap.clusters.fault.v1.ClusterFault;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A cluster that discovers rules about its connections and questions.
 *
 * @param slot the name of its extension configuration
 * @param asks whether DNS is asked for its endpoints
 */
record ClusterShape(String name, String slot, boolean asks) {
    private static final String FAULTS = "mishap.clusters.fault.v1.ClusterFault";

    static Optional<ClusterShape> of(String name, ByteString body) {
        try {
            if (!body.toString(StandardCharsets.ISO_8859_1).contains(FAULTS)) {
                // As nearly all clusters of a mesh, which are not worth parsing.
                return Optional.empty();
            }
            Cluster cluster = Cluster.parseFrom(body);
            for (Any options : cluster.getTypedExtensionProtocolOptionsMap().values()) {
                if (ListenerShape.isOf(options.getTypeUrl(), FAULTS)) {
                    String slot = ClusterFault.parseFrom(options.getValue())
                            .getDiscovered()
                            .getName();
                    if (!slot.isEmpty()) {
                        return Optional.of(new ClusterShape(name, slot, asks(cluster)));
                    }
                }
            }
        } catch (InvalidProtocolBufferException e) {
            // What the client will refuse has no place for a fault.
        }
        return Optional.empty();
    }

    private static boolean asks(Cluster cluster) {
        return cluster.hasClusterType()
                || cluster.getType() == Cluster.DiscoveryType.STRICT_DNS
                || cluster.getType() == Cluster.DiscoveryType.LOGICAL_DNS;
    }
}
