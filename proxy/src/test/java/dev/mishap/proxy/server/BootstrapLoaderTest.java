package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootstrapLoaderTest {
    private static Options options(String path, String yaml, String node, boolean allowUnknown) {
        Options.LogOptions log = new Options.LogOptions("info", Map.of(), Options.LogOptions.DEFAULT_FORMAT, false, "");
        return new Options(
                path,
                yaml,
                allowUnknown,
                false,
                false,
                node,
                "",
                "",
                1,
                true,
                600,
                false,
                10_000,
                64,
                Map.of(),
                "",
                0,
                0,
                "v4",
                900,
                log,
                false,
                SafetyOptions.DEFAULT);
    }

    @Test
    void inlineYamlIsMergedOverTheFile(@TempDir Path dir) throws Exception {
        Path file = Files.writeString(dir.resolve("a.yaml"), """
                node: {id: from-file, cluster: c, locality: {zone: z}, metadata: {a: x, b: {c: d}}}
                admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
                static_resources: {clusters: [{name: one}]}
                stats_flush_interval: 2s
                """);
        Bootstrap bootstrap = BootstrapLoader.load(options(
                file.toString(),
                "{node: {id: from-yaml, locality: {region: r}, metadata: {b: w}}, static_resources: {clusters: [{name: two}]},"
                        + " stats_flush_on_admin: true}",
                "",
                false));
        assertThat(bootstrap.node().id()).isEqualTo("from-yaml");
        assertThat(bootstrap.node().cluster()).isEqualTo("c");
        assertThat(bootstrap.node().region()).isEqualTo("r");
        assertThat(bootstrap.node().zone()).isEqualTo("z");
        assertThat(bootstrap.node().metadata()).isEqualTo(Map.of("a", "x", "b", "w"));
        assertThat(bootstrap.clusters()).extracting(c -> c.string("name")).containsExactly("one", "two");
        assertThat(bootstrap.clusters().get(1).path()).isEqualTo("static_resources.clusters[1]");
        assertThat(bootstrap.admin())
                .isEqualTo(new Bootstrap.AdminConfig("", 0, "127.0.0.1", 9901, "", java.util.List.of()));
        assertThat(bootstrap.statsFlushNanos())
                .as("members of a oneof replace each other")
                .isZero();
    }

    @Test
    void flagsGoOverTheNode() {
        Bootstrap bootstrap = BootstrapLoader.load(options("", "node: {id: a, cluster: c}", "from-flag", false));
        assertThat(bootstrap.node().id()).isEqualTo("from-flag");
        assertThat(bootstrap.node().cluster()).isEqualTo("c");
        assertThat(bootstrap.admin()).isNull();
        assertThat(bootstrap.statsFlushNanos()).isEqualTo(5_000_000_000L);
    }

    @Test
    void whatIsNotSupportedIsRefusedAllAtOnceByPath() {
        assertThatThrownBy(() -> BootstrapLoader.load(options(
                        "", "{hds_config: {}, static_resources: {listeners: [{api_listener: {}}]}}", "", false)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("hds_config: is not supported (envoy.config.bootstrap.v3.Bootstrap, line 1:14)")
                .hasMessageContaining("\nstatic_resources.listeners[0].api_listener: is not supported");
        BootstrapLoader.load(options("", "{watchdogs: {main_thread_watchdog: {}}, flags_path: /x}", "", false));
    }

    @Test
    void unknownStaticFieldsCanBeTolerated() {
        String yaml = "{node: {idd: x, id: a}, static_resources: {clusters: [{name: c, type: ZZZ}]}}";
        assertThatThrownBy(() -> BootstrapLoader.load(options("", yaml, "", false)))
                .hasMessageContaining("no such field: 'idd'")
                .hasMessageContaining("unknown enum value: 'ZZZ'");
        Bootstrap bootstrap = BootstrapLoader.load(options("", yaml, "", true));
        assertThat(bootstrap.node().id()).isEqualTo("a");
        assertThat(bootstrap.warnings()).hasSize(2);
        assertThat(bootstrap.unknownFields()).isEqualTo(2);
    }

    @Test
    void deprecatedFieldsAreWarnedAbout() {
        Bootstrap bootstrap = BootstrapLoader.load(options("", "{watchdog: {}}", "", false));
        assertThat(bootstrap.warnings())
                .singleElement()
                .asString()
                .startsWith("Using deprecated option 'envoy.config.bootstrap.v3.Bootstrap.watchdog' at watchdog: ");
    }

    @Test
    void enumNumbersWithoutANameAndAnysWithoutATypeAreRefused() {
        assertThatThrownBy(() -> BootstrapLoader.load(options(
                        "",
                        "{static_resources: {listeners: [{name: l, filter_chains: [{filters: [{name: h, typed_config: {'@type': type.googleapis.com/"
                                + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: x,"
                                + " route_config: {}, path_with_escaped_slashes_action: 99}}]}]}]}}",
                        "",
                        false)))
                .hasMessageContaining("path_with_escaped_slashes_action: is not a value of envoy.");
        assertThatThrownBy(() -> BootstrapLoader.load(options(
                        "",
                        "{static_resources: {clusters: [{name: c, typed_extension_protocol_options: {a: {}}}]}}",
                        "",
                        false)))
                .hasMessage("Didn't find a registered implementation for 'a' with type URL: ''");
    }
}
