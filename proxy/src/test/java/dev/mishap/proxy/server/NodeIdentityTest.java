package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.network.hcm.HttpFilters;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.rules.fault.Fault;
import io.envoyproxy.envoy.config.core.v3.Extension;
import io.envoyproxy.envoy.config.core.v3.Node;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NodeIdentityTest {
    private static Node node() throws Exception {
        ProtoWriter out = new ProtoWriter();
        NodeIdentity.write(new Bootstrap.Node("id-1", "front", "eu", "a", "", Map.of("a", "b")), out);
        return Node.parseFrom(out.toByteArray());
    }

    @Test
    void controlPlanesOfEnvoySeeAnEnvoy() throws Exception {
        Node node = node();
        assertThat(node.getId()).isEqualTo("id-1");
        assertThat(node.getCluster()).isEqualTo("front");
        assertThat(node.getMetadata().getFieldsMap()).containsKey("a");
        assertThat(node.getLocality().getRegion()).isEqualTo("eu");
        assertThat(node.getUserAgentName()).isEqualTo("envoy");
        assertThat(node.getUserAgentBuildVersion().getVersion().getMajorNumber())
                .isEqualTo(1);
        assertThat(node.getClientFeaturesList()).contains("envoy.lrs.supports_send_all_clusters");
    }

    @Test
    void controlPlanesOfOurOwnSeeWhatCanBeAskedOfIt() throws Exception {
        List<Extension> extensions = node().getExtensionsList();
        assertThat(extensions)
                .filteredOn(e -> e.getCategory().equals("mishap.faults"))
                .extracting(Extension::getName)
                .containsExactlyElementsOf(Arrays.stream(Fault.Kind.values())
                        .map(Fault.Kind::field)
                        .toList());
        assertThat(extensions)
                .filteredOn(e -> e.getCategory().equals("envoy.filters.http"))
                .isNotEmpty()
                .allSatisfy(e -> {
                    assertThat(e.getTypeUrlsList()).hasSize(1);
                    assertThat(HttpFilters.byType(e.getTypeUrls(0)))
                            .isNotNull()
                            .satisfies(f -> assertThat(f.name()).isEqualTo(e.getName()));
                });
    }
}
