package dev.mishap.proxy.rules.config;

import static dev.mishap.proxy.rules.config.ConfiguredProxy.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code mishap.clusters.fault}: what the proxy does for one cluster. */
@Timeout(60)
class ConfiguredClusterFaultsTest {
    private static final String TYPE = "type.googleapis.com/mishap.clusters.fault.v1.ClusterFault";

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

    private static String options(String config) {
        return "typed_extension_protocol_options: {mishap.clusters.fault: " + config + "}";
    }

    private static String typed(String fields) {
        return options("{'@type': " + TYPE + ", " + fields + "}");
    }

    private static String struct(String fields) {
        return options("{'@type': type.googleapis.com/xds.type.v3.TypedStruct, type_url: " + TYPE + ", value: {"
                + fields + "}}");
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aRefusedConnectionIsOneOfTheCluster(boolean struct) throws Exception {
        String rules = "rules: [{name: gone, experiment_id: E1, refuse: {side: UPSTREAM}}]";
        proxy.start(proxy.hcm("", ""), struct ? struct(rules) : typed(rules));

        assertThat(proxy.get("/")).startsWith("HTTP/1.1 503");

        assertThat(proxy.stat("cluster.u.upstream_cx_connect_fail")).isEqualTo(1);
        assertThat(proxy.stat("mishap.rule.gone.touched")).isEqualTo(1);
        proxy.awaitLog("UF,MCF E1 gone");
    }

    @Test
    void aFaultThatCouldActOnEitherSideActsUpstream() throws Exception {
        proxy.start(
                proxy.hcm("", ""),
                typed("rules: [{name: slow, latency: {fixed: 0.05s, direction: TO_DOWNSTREAM}},"
                        + "{name: late, connect_delay: {fixed: 0.03s}}]"));

        long start = System.nanoTime();
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 200");

        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(80_000_000);
        assertThat(proxy.stat("mishap.rule.slow.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.rule.late.touched")).isEqualTo(1);
    }

    @Test
    void questionsForTheClusterAreTouchedAndOthersAreNot() throws Exception {
        String named = """
                , {name: dns, type: STRICT_DNS, connect_timeout: 1s, dns_refresh_rate: 60s,
                  load_assignment: {cluster_name: dns, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: localhost, port_value: 1}}}}]}]}%s}
                """;
        String yaml = proxy.yaml(proxy.hcm("", ""), "")
                .replaceFirst(
                        "(?s)clusters:.*",
                        "clusters: ["
                                + named.formatted(", " + typed("rules: [{name: nx, dns: {nxdomain: true}}]"))
                                        .substring(2)
                                + named.formatted("").replace("name: dns", "name: other") + "]");
        proxy.startYaml(yaml.replace("cluster: u", "cluster: dns"));

        await(() -> proxy.stat("cluster.other.membership_total") == 1);
        await(() -> proxy.stat("mishap.rule.nx.touched") >= 1);
        assertThat(proxy.stat("cluster.dns.membership_total")).isZero();
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 503");
    }

    @Test
    void rulesComeAndGoByDiscoveryWhileTheClusterStays() throws Exception {
        proxy.pushRules("u-rules", "1", "");
        proxy.start(proxy.hcm("", ""), typed(proxy.discovered("u-rules")));
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 200");

        proxy.pushRules(
                "u-rules",
                "2",
                "{name: gone, refuse: {side: UPSTREAM}}, {name: cut, connection_reset: {side: UPSTREAM}}");
        await(() -> proxy.stat("extension_config_discovery.cluster_rules.u-rules.config_reload") == 2);
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 503");
        assertThat(proxy.stat("mishap.rule.gone.touched")).isPositive();

        proxy.push("u-rules", "3", "{'@type': " + TYPE + "}");
        await(() -> proxy.stat("extension_config_discovery.cluster_rules.u-rules.config_fail") == 1);
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 503");

        proxy.pushRules("u-rules", "4", "");
        await(() -> proxy.stat("extension_config_discovery.cluster_rules.u-rules.config_reload") == 3);
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 200");
        assertThat(proxy.stat("cluster_manager.cluster_modified")).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "rules: [{name: a, abort: {http_status: 503}}]        | rules[0].abort: acts on an HTTP request, which a cluster has nothing to do with; such a rule belongs in mishap.filters.http.fault",
                "rules: [{name: a, black_hole: {}}]                   | rules[0].black_hole: scope.endpoints is of connections upstream, on which blackHole cannot act",
                "rules: [{name: a, refuse: {}}]                       | rules[0].refuse: scope.endpoints is of connections upstream, on which refuse acts with 'side: upstream' only",
                "rules: [{name: a, dns: {}}]                          | field: \"action\", reason: is required",
                "rules: [{name: a, dns: {drop: true}, scope: {listeners: [in]}}] | rules[0].dns: no client asks for a cluster",
                "rules: [{name: a, partition: {mode: REJECT, direction: TO_UPSTREAM}}] | rules[0].partition: direction can only be both"
            })
    void refusesWithTheField(String fields, String problem) {
        for (String config : new String[] {typed(fields), struct(fields)}) {
            assertThatThrownBy(() -> proxy.load(proxy.yaml(proxy.tcp(), config)).close())
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining(problem);
        }
    }

    @Test
    void anUnknownKindOfOptionsIsRefusedAsBefore() {
        String config = options("{'@type': " + ConfiguredProxy.HTTP + "}");
        assertThatThrownBy(() -> proxy.load(proxy.yaml(proxy.tcp(), config)).close())
                .hasMessageContaining("Didn't find a registered network or http filter or protocol options"
                        + " implementation for name: 'mishap.clusters.fault'");
    }
}
