package dev.mishap.proxy.rules.config;

import static dev.mishap.proxy.rules.config.ConfiguredProxy.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.rules.RulesApi;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code mishap.filters.network.fault}: static, discovered, and in every form. */
@Timeout(60)
class ConfiguredConnectionFaultsTest {
    private static final String TCP_PROXY =
            "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
    private static final String RBAC = "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC";

    @TempDir
    private Path directory;

    private ConfiguredProxy proxy;

    @BeforeEach
    void open() throws Exception {
        proxy = new ConfiguredProxy(directory);
    }

    @AfterEach
    void close() throws Exception {
        proxy.close();
    }

    private static String filter(String config) {
        return "{name: faults, typed_config: " + config + "},";
    }

    private static String typed(String fields) {
        return "{'@type': " + ConfiguredProxy.NETWORK + ", " + fields + "}";
    }

    private long reloads() {
        return proxy.stat("extension_config_discovery.network_filter.faults.config_reload");
    }

    @Test
    void aRuleActsOnTheChainAndMarksAsOneOfTheApi() throws Exception {
        proxy.start(filter(typed("rules: [{name: cut, experiment_id: E1, connection_reset: {after_bytes: 10}}]"))
                + proxy.tcp());

        assertThatThrownBy(() -> proxy.get("/"))
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");

        proxy.awaitLog("E1 cut");
        assertThat(proxy.stat("mishap.rule.cut.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.experiment.E1.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.connections_touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.connection_reset_injected")).isEqualTo(1);
        await(() -> proxy.stat("mishap.active_connection_faults") == 0);
    }

    @ParameterizedTest
    @CsvSource({"xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"})
    void aTypedStructSaysTheSame(String wrapper) {
        proxy.start(filter("{'@type': type.googleapis.com/" + wrapper + ", type_url: " + ConfiguredProxy.NETWORK
                        + ", value: {rules: [{name: gone, refuse: {}}]}}")
                + proxy.tcp());

        assertThatThrownBy(() -> proxy.get("/")).isInstanceOf(IOException.class);
        assertThat(proxy.stat("mishap.rule.gone.touched")).isEqualTo(1);
    }

    @Test
    void rulesOfTheApiAndOfTheChainActTogether() throws Exception {
        proxy.start(filter(typed("rules: [{name: slow, latency: {fixed: 0.04s, direction: TO_DOWNSTREAM}}]"))
                + proxy.hcm("", ""));
        put("slower", "{latency: {fixed: 30ms, direction: toDownstream}}");
        try (Socket socket = proxy.connect()) {
            long start = System.nanoTime();
            assertThat(ConfiguredProxy.get(socket, "/")).startsWith("HTTP/1.1 200");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(70_000_000);

            delete("slower");
            start = System.nanoTime();
            assertThat(ConfiguredProxy.get(socket, "/")).startsWith("HTTP/1.1 200");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(40_000_000);
        }
        assertThat(proxy.stat("mishap.rule.slow.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.rule.slower.touched")).isEqualTo(1);
    }

    private void put(String name, String fault) {
        String body = "{apiVersion: mishap.dev/v1, kind: FaultRule, metadata: {name: " + name
                + "}, spec: {ttl: 1h, fault: " + fault + "}}";
        RulesApi.Response response = api("PUT", name, body);
        assertThat(response.status()).as(response.body()).isEqualTo(201);
    }

    private void delete(String name) {
        assertThat(api("DELETE", name, "").status()).isEqualTo(200);
    }

    private RulesApi.Response api(String method, String name, String body) {
        return new RulesApi(proxy.server.rules(), null)
                .handle(new RulesApi.Request(
                        method,
                        RulesApi.PREFIX + "rules/" + name,
                        Map.of(),
                        null,
                        true,
                        body.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void discoveryTurnsThemOnAndOffUnderALiveConnection() throws Exception {
        proxy.push("faults", "1", typed("rules: []"));
        proxy.start(proxy.ecds("faults", ConfiguredProxy.NETWORK, "") + "," + proxy.tcp());
        try (Socket socket = proxy.connect()) {
            assertThat(ConfiguredProxy.get(socket, "/")).startsWith("HTTP/1.1 200");

            proxy.push(
                    "faults", "2", typed("rules: [{name: slow, latency: {fixed: 0.05s, direction: TO_DOWNSTREAM}}]"));
            await(() -> reloads() == 2);
            await(() -> proxy.stat("mishap.rule.slow.touched") == 1);
            long start = System.nanoTime();
            assertThat(ConfiguredProxy.get(socket, "/"))
                    .startsWith("HTTP/1.1 200")
                    .endsWith("ok");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(50_000_000);

            proxy.push("faults", "3", typed("rules: [{name: x, abort: {http_status: 503}}]"));
            await(() -> proxy.stat("extension_config_discovery.network_filter.faults.config_fail") == 1);
            assertThat(ConfiguredProxy.get(socket, "/")).startsWith("HTTP/1.1 200");
            assertThat(proxy.stat("mishap.active_connection_faults")).isEqualTo(1);

            proxy.push("faults", "4", typed(""));
            await(() -> reloads() == 3);
            await(() -> proxy.stat("mishap.active_connection_faults") == 0);
            assertThat(ConfiguredProxy.get(socket, "/")).startsWith("HTTP/1.1 200");
        }
        assertThat(proxy.stat("listener.127.0.0.1_0.downstream_cx_total")).isEqualTo(1);
        assertThat(proxy.stat("listener_manager.listener_modified")).isZero();
    }

    @Test
    void withoutAConfigurationNoConnectionPassesButADefaultLetsThem() throws Exception {
        Files.writeString(directory.resolve("faults.yaml"), "{version_info: '0', resources: []}");
        proxy.start(proxy.ecds("faults", ConfiguredProxy.NETWORK, "") + "," + proxy.tcp());

        assertThatThrownBy(() -> proxy.get("/")).isInstanceOf(IOException.class);
        await(() -> proxy.stat("listener.127.0.0.1_0.network_extension_config_missing") == 1);

        proxy.push("faults", "1", typed("rules: []"));
        await(() -> reloads() == 1);
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 200");
    }

    @Test
    void aDefaultServesWithoutWarming() throws Exception {
        Files.writeString(directory.resolve("faults.yaml"), "{version_info: '0', resources: []}");
        proxy.start(proxy.ecds(
                        "faults",
                        ConfiguredProxy.NETWORK,
                        ", apply_default_config_without_warming: true, default_config: "
                                + typed("rules: [{name: gone, refuse: {}}]"))
                + "," + proxy.tcp());

        assertThatThrownBy(() -> proxy.get("/")).isInstanceOf(IOException.class);
        assertThat(proxy.stat("mishap.rule.gone.touched")).isEqualTo(1);
    }

    @Test
    void otherNetworkFiltersAreDiscoveredToo() throws Exception {
        String allow = "{'@type': " + RBAC + ", stat_prefix: r, rules: {policies: {all: {permissions: [{any: true}], "
                + "principals: [{any: true}]}}}}";
        proxy.push("gate", "1", allow);
        proxy.push("tcp", "1", "{'@type': " + TCP_PROXY + ", stat_prefix: in, cluster: u}");
        proxy.start(proxy.ecds("gate", RBAC, "") + "," + proxy.ecds("tcp", TCP_PROXY, ""));
        try (Socket socket = proxy.connect()) {
            assertThat(ConfiguredProxy.get(socket, "/")).startsWith("HTTP/1.1 200");
            proxy.push("gate", "2", allow.replace("rules: {", "rules: {action: DENY, "));
            await(() -> proxy.stat("extension_config_discovery.network_filter.gate.config_reload") == 2);

            assertThat(ConfiguredProxy.get(socket, "/")).startsWith("HTTP/1.1 200");
            assertThatThrownBy(() -> proxy.get("/")).isInstanceOf(IOException.class);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "rules: [{name: a, abort: {http_status: 503}}] | rules[0].abort: acts on an HTTP request, which a network filter has nothing to do with; such a rule belongs in mishap.filters.http.fault or mishap.clusters.fault",
                "rules: [{name: a, latency: {}}]               | LatencyValidationError.Fixed: value is required",
                "rules: [{name: a, latency: {fixed: 1s, jitter: 2s}}] | rules[0].latency: jitter must be from 0s to fixed",
                "rules: [{name: a, slice: {bytes: 0}}]         | SliceValidationError.Bytes: value must be inside range [1, 1048576]",
                "rules: [{name: a, corrupt: {pattern: abc}}]   | CorruptValidationError.Pattern: value does not match regex pattern",
                "rules: [{name: a, refuse: {side: UPSTREAM}}]  | rules[0].refuse",
                "rules: [{name: a, refuse: {}, tag: {baggage: true}}] | rules[0].name: tag cannot be put on a connection",
                "rules: [{name: a, refuse: {}, scope: {cohort: {percent: {numerator: 5}, key: {header: x}}}}] | rules[0].name: scope.cohort.key must be sourceAddress"
            })
    void refusesWithTheField(String fields, String problem) {
        for (String config : new String[] {
            typed(fields),
            "{'@type': type.googleapis.com/xds.type.v3.TypedStruct, type_url: " + ConfiguredProxy.NETWORK + ", value: {"
                    + fields + "}}"
        }) {
            assertThatThrownBy(() -> proxy.load(proxy.yaml(filter(config) + proxy.tcp(), ""))
                            .close())
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining(problem);
        }
    }

    @Test
    void cannotBeTheLastFilterNorShareAPlace() {
        assertThatThrownBy(() -> proxy.load(proxy.yaml(filter(typed("")), "")).close())
                .hasMessageContaining(
                        "Error: non-terminal filter named faults of type mishap.filters.network.fault is the last filter");
        String two = proxy.ecds("faults", ConfiguredProxy.NETWORK + "', '" + RBAC, "");
        assertThatThrownBy(() ->
                        proxy.load(proxy.yaml(two + "," + proxy.tcp(), "")).close())
                .hasMessageContaining("type_urls: mishap.filters.network.fault.v1.NetworkFault cannot share a place");
    }
}
