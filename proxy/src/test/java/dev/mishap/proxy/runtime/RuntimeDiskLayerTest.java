package dev.mishap.proxy.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RuntimeDiskLayerTest {
    @TempDir
    Path directory;

    private final StatsStore stats = new StatsStore();

    @Test
    void pathsAreKeysAndCommentsAreLeftOut() throws IOException {
        write("v1/envoy/fault/http/abort/abort_percent", "100\n");
        write("v1/envoy/status", "# what to answer\n418\n");
        link("v1");
        try (RuntimeLoader loader = loader("subdirectory: envoy")) {
            assertThat(loader.get().integer("fault.http.abort.abort_percent", 0))
                    .isEqualTo(100);
            assertThat(loader.get().integer("status", 0)).isEqualTo(418);
            assertThat(stats.gauge("runtime.num_keys").value()).isEqualTo(2);
            assertThat(stats.gauge("runtime.num_layers").value()).isEqualTo(2);
        }
    }

    @Test
    void theDirectoryOfTheServiceClusterIsAppended() throws IOException {
        write("v1/envoy/status", "1");
        write("v1/envoy/payments/status", "2");
        link("v1");
        try (RuntimeLoader loader = loader("subdirectory: envoy, append_service_cluster: true")) {
            assertThat(loader.get().integer("status", 0)).isEqualTo(2);
        }
    }

    @Test
    void aLinkMovedIntoPlaceIsFollowedAndAdminValuesStay() throws IOException {
        write("v1/envoy/status", "1");
        write("v2/envoy/status", "2");
        write("v2/envoy/more", "3");
        link("v1");
        try (RuntimeLoader loader = loader("subdirectory: envoy")) {
            loader.modify(Map.of("mine", "7"));
            assertThat(loader.get().integer("status", 0)).isEqualTo(1);
            link("v2");
            await(() -> loader.get().integer("status", 0) == 2);
            assertThat(loader.get().integer("more", 0)).isEqualTo(3);
            assertThat(loader.get().integer("mine", 0)).isEqualTo(7);
        }
    }

    @Test
    void anEmptyListOfLayersIsOneAdminLayer() {
        ConfigNode none = ConfigReader.strict().yaml("envoy.config.bootstrap.v3.LayeredRuntime", "{}");
        try (RuntimeLoader loader = new RuntimeLoader(none, "payments", stats)) {
            assertThat(loader.hasAdminLayer()).isTrue();
        }
        try (RuntimeLoader loader = new RuntimeLoader(null, "payments", stats)) {
            assertThat(loader.hasAdminLayer()).isFalse();
        }
    }

    private RuntimeLoader loader(String more) {
        ConfigNode config = ConfigReader.strict()
                .yaml(
                        "envoy.config.bootstrap.v3.LayeredRuntime",
                        "layers: [{name: disk, disk_layer: {symlink_root: '" + directory.resolve("current") + "', "
                                + more + "}}, {name: admin, admin_layer: {}}]");
        return new RuntimeLoader(config, "payments", stats);
    }

    private void write(String path, String text) throws IOException {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void link(String target) throws IOException {
        Path next = directory.resolve("next");
        Files.createSymbolicLink(next, directory.resolve(target));
        Files.move(next, directory.resolve("current"), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) { // the test's time-out ends it
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
