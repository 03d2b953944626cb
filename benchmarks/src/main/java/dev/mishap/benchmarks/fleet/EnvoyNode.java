package dev.mishap.benchmarks.fleet;

import io.envoyproxy.envoy.config.core.v3.BuildVersion;
import io.envoyproxy.envoy.config.core.v3.Extension;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.type.v3.SemanticVersion;

/** Nodes as large as those of Envoy 1.40: 516 extensions, some 61 KB. */
final class EnvoyNode {
    private static final int EXTENSIONS = 516;
    private static final Node COMMON = common();

    private EnvoyNode() {}

    static Node of(int number) {
        return COMMON.toBuilder().setId("proxy-" + number).build();
    }

    private static Node common() {
        Node.Builder node = Node.newBuilder()
                .setCluster("shop")
                .setLocality(Locality.newBuilder().setRegion("eu").setZone("eu-1"))
                .setUserAgentName("envoy")
                .setUserAgentBuildVersion(BuildVersion.newBuilder()
                        .setVersion(
                                SemanticVersion.newBuilder().setMajorNumber(1).setMinorNumber(40)));
        for (int i = 0; i < EXTENSIONS; i++) {
            node.addExtensions(Extension.newBuilder()
                    .setName("envoy.filters.of_some_category.extension_number_" + i)
                    .setCategory("envoy.filters.of_some_category")
                    .addTypeUrls("envoy.extensions.filters.of_some.v3.Extension" + i));
        }
        return node.build();
    }
}
