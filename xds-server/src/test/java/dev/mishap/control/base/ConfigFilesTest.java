package dev.mishap.control.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigFilesTest {
    private static final String CLUSTER = "\"@type\": type.googleapis.com/envoy.config.cluster.v3.Cluster\n";

    @TempDir
    private Path directory;

    @Test
    void aFileHoldsDocumentsAndADocumentResources() throws IOException {
        Files.writeString(
                directory.resolve("a.yaml"),
                CLUSTER + "name: a\n---\nresources:\n- {" + CLUSTER.strip()
                        + ", name: b}\n- \"@type\": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment\n  cluster_name: b\n");
        Files.writeString(
                directory.resolve("c.json"),
                "{" + CLUSTER.strip().replace(": t", ": \"t").concat("\"") + ", \"name\": \"c\"}");
        Files.writeString(directory.resolve("notes.txt"), "nothing of ours");
        try (ConfigFiles files = ConfigFiles.watch(directory)) {
            Base base = files.of(
                    dev.mishap.control.xds.NodeInfo.of(io.envoyproxy.envoy.config.core.v3.Node.getDefaultInstance()));
            assertThat(base.layer().resources(TypeUrls.CLUSTER).stream().map(Resource::name))
                    .containsExactlyInAnyOrder("a", "b", "c");
            assertThat(base.layer().resource(TypeUrls.ENDPOINT, "b")).isPresent();
            assertThat(files.describe()).endsWith("4 resources");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name: a                          | a.yaml: expected a resource with its @type, or a DiscoveryResponse with resources",
                "resources: [{name: a}]           | a.yaml: resources[0]: an @type is missing",
                "[1, 2]                           | a.yaml: expected a mapping",
                "resources: [{'@type': x/y.Z, name: a}] | a.yaml: resources[0].@type: unknown type 'x/y.Z'",
                "{a: 1, a: 2}                     | a.yaml: ",
            })
    void errorsNameFileAndField(String text, String problem) {
        assertThatThrownBy(() -> ConfigFiles.read("a.yaml", text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void aChangeIsAppliedWholeOrNotAtAll() throws Exception {
        Path file = Files.writeString(directory.resolve("a.yaml"), CLUSTER + "name: a\n");
        try (ConfigFiles files = ConfigFiles.watch(directory)) {
            Base base = files.of(
                    dev.mishap.control.xds.NodeInfo.of(io.envoyproxy.envoy.config.core.v3.Node.getDefaultInstance()));
            CountDownLatch changed = new CountDownLatch(1);
            base.onChange(changed::countDown);
            Files.writeString(directory.resolve("b.yaml"), CLUSTER + "name: b\nnonsense: 1\n");
            assertThatThrownBy(() -> ConfigFiles.watch(directory))
                    .hasMessageContaining("b.yaml: nonsense: unknown field");
            Files.delete(directory.resolve("b.yaml"));
            Path moved = Files.writeString(directory.resolve("b.tmp"), CLUSTER + "name: c\n");
            Files.move(moved, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
            assertThat(changed.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(base.layer().resources(TypeUrls.CLUSTER).stream().map(Resource::name))
                    .containsExactly("c");
        }
    }
}
