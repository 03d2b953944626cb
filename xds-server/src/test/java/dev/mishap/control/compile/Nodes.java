package dev.mishap.control.compile;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.rules.fault.Fault;
import io.envoyproxy.envoy.config.core.v3.BuildVersion;
import io.envoyproxy.envoy.config.core.v3.Extension;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.type.v3.SemanticVersion;
import java.util.List;

/** Nodes as they tell of themselves. */
final class Nodes {
    private Nodes() {}

    static Node.Builder envoy(String service, String id) {
        return Node.newBuilder()
                .setId(id)
                .setCluster(service)
                .setUserAgentName("envoy")
                .setUserAgentBuildVersion(BuildVersion.newBuilder()
                        .setVersion(
                                SemanticVersion.newBuilder().setMajorNumber(1).setMinorNumber(40)))
                .addExtensions(Extension.newBuilder()
                        .setName("envoy.filters.http.fault")
                        .setCategory("envoy.filters.http"));
    }

    /** With the runtime layer that our bootstraps have. */
    static NodeInfo switched(String service, String id) {
        return NodeInfo.of(envoy(service, id)
                .setMetadata(Struct.newBuilder()
                        .putFields(
                                "mishap",
                                Value.newBuilder()
                                        .setStructValue(Struct.newBuilder().putFields("runtime_layer", text("mishap")))
                                        .build()))
                .build());
    }

    static NodeInfo plain(String service, String id) {
        return NodeInfo.of(envoy(service, id).build());
    }

    /** An Envoy whose routes cannot switch filters on. */
    static NodeInfo old(String service, String id) {
        return NodeInfo.of(envoy(service, id)
                .setUserAgentBuildVersion(BuildVersion.newBuilder()
                        .setVersion(
                                SemanticVersion.newBuilder().setMajorNumber(1).setMinorNumber(24)))
                .build());
    }

    /** Our own proxy, as it tells of itself. */
    static NodeInfo mishap(String service, String id) {
        Node.Builder node = envoy(service, id);
        for (String type : List.of(
                "mishap.filters.http.fault.v1.HttpFault",
                "mishap.filters.network.fault.v1.NetworkFault",
                "mishap.filters.udp.dns.v1.DnsProxy",
                "mishap.clusters.fault.v1.ClusterFault",
                "mishap.rules.v1.DiscoveredRules")) {
            node.addExtensions(Extension.newBuilder().setName(type).addTypeUrls(type));
        }
        for (Fault.Kind kind : Fault.Kind.values()) {
            node.addExtensions(Extension.newBuilder().setName(kind.field()).setCategory("mishap.faults"));
        }
        return NodeInfo.of(node.build());
    }

    static NodeInfo grpc(String service, String id) {
        return NodeInfo.of(Node.newBuilder()
                .setId(id)
                .setCluster(service)
                .setUserAgentName("gRPC Java")
                .setUserAgentVersion("1.85.1")
                .build());
    }

    static Value text(String text) {
        return Value.newBuilder().setStringValue(text).build();
    }
}
