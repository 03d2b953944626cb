package dev.mishap.proxy.server;

import dev.mishap.proxy.proto.ProtoWriter;
import java.util.List;

/** This process as {@code envoy.config.core.v3.Node}, for services that it calls. */
final class NodeIdentity {
    private static final List<String> CLIENT_FEATURES =
            List.of("envoy.lb.does_not_support_overprovisioning", "envoy.lrs.supports_send_all_clusters");

    private NodeIdentity() {}

    /** Writes the fields of the message into {@code out}. */
    static void write(Bootstrap.Node node, ProtoWriter out) {
        out.string(1, node.id()).string(2, node.cluster());
        if (!node.metadata().isEmpty()) {
            out.struct(3, node.metadata());
        }
        if (!(node.region() + node.zone() + node.subZone()).isEmpty()) {
            int locality = out.begin(4);
            out.string(1, node.region()).string(2, node.zone()).string(3, node.subZone());
            out.end(locality);
        }
        out.string(6, "envoy");
        int build = out.begin(8);
        String[] parts = Version.ENVOY.split("\\.");
        int version = out.begin(1);
        out.varint(1, Long.parseLong(parts[0])).varint(2, Long.parseLong(parts[1]));
        out.end(version);
        out.struct(2, ServerInfo.BUILD);
        out.end(build);
        OwnExtensions.write(9, out);
        for (String feature : CLIENT_FEATURES) {
            out.stringAlways(10, feature);
        }
    }
}
