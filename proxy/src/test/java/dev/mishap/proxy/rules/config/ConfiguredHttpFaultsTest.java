package dev.mishap.proxy.rules.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code rules} of {@code mishap.filters.http.fault}: in the filter, on routes, discovered, and in every form. */
@Timeout(60)
class ConfiguredHttpFaultsTest {
    private static final String ABORT =
            "{name: a, experiment_id: E1, abort: {http_status: 503, body: gone}, scope: {path: {prefix: /hit}}, tag: {response_header: x-chaos}}";

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
        return "{name: mishap.filters.http.fault, typed_config: " + config + "},";
    }

    private static String typed(String fields) {
        return "{'@type': " + ConfiguredProxy.HTTP + ", " + fields + "}";
    }

    private static String typedStruct(String wrapper, String fields) {
        return "{'@type': type.googleapis.com/" + wrapper + ", type_url: " + ConfiguredProxy.HTTP + ", value: {"
                + fields + "}}";
    }

    @Test
    void aRuleOfTheFilterActsAndMarksAsOneOfTheApi() throws Exception {
        proxy.start(proxy.hcm(filter(typed("rules: [" + ABORT + "]")), ""));

        assertThat(proxy.get("/hit"))
                .startsWith("HTTP/1.1 503")
                .contains("x-chaos: E1\r\n")
                .endsWith("gone");
        assertThat(proxy.get("/miss")).startsWith("HTTP/1.1 200");

        proxy.awaitLog("503 FI E1 a");
        assertThat(proxy.stat("mishap.rule.a.scoped")).isEqualTo(1);
        assertThat(proxy.stat("mishap.rule.a.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.experiment.E1.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.aborts_injected")).isEqualTo(1);
        assertThat(proxy.stat("mishap.active_faults")).isZero();
    }

    @ParameterizedTest
    @CsvSource({"xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"})
    void aTypedStructSaysTheSame(String wrapper) throws Exception {
        proxy.start(proxy.hcm(filter(typedStruct(wrapper, "rules: [" + ABORT + "]")), ""));

        assertThat(proxy.get("/hit")).startsWith("HTTP/1.1 503");
    }

    @Test
    void delaysAndRatesGoOnWhereTheFilterStands() throws Exception {
        String rules = "rules: [{name: d, delay: {fixed: 0.05s}}, {name: r, response_rate_limit: {kbps: 1}}]";
        proxy.start(proxy.hcm(filter(typed(rules)), ""));

        long start = System.nanoTime();
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 200").endsWith("ok");

        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(50_000_000);
        proxy.awaitLog("200 DI");
        assertThat(proxy.stat("mishap.response_rl_injected")).isEqualTo(1);
    }

    @Test
    void aRouteReplacesTheFiltersRulesAndAnEmptyOneEndsThem() throws Exception {
        String routes = """
                {match: {path: /hit}, route: {cluster: u}, typed_per_filter_config: {mishap.filters.http.fault: {'@type': %1$s,
                  rules: [{name: b, abort: {http_status: 404}}, {name: c, abort: {grpc_status: 14}}]}}},
                {match: {path: /hit/off}, route: {cluster: u}, typed_per_filter_config: {mishap.filters.http.fault: {'@type': %1$s}}},
                {match: {prefix: /}, route: {cluster: u}}
                """.formatted(ConfiguredProxy.HTTP);
        proxy.start(proxy.hcm(filter(typed("rules: [" + ABORT + "]")), routes));

        assertThat(proxy.get("/hit")).startsWith("HTTP/1.1 404");
        assertThat(proxy.get("/hit/off")).startsWith("HTTP/1.1 200");
        assertThat(proxy.get("/hit/on")).startsWith("HTTP/1.1 503").endsWith("gone");
        proxy.awaitLog("E1 a");
        assertThat(proxy.stat("mishap.rule.b.touched")).isEqualTo(1);
        assertThat(proxy.stat("mishap.rule.c.suppressed_superseded")).isEqualTo(1);
    }

    @Test
    void limitsCountOverAllWorkers() throws Exception {
        proxy.start(proxy.hcm(
                filter(
                        typed(
                                "rules: [{name: a, abort: {http_status: 503}, limits: {max_traffic_percent: {numerator: 10}}}]")),
                ""));

        int aborted = 0;
        for (int i = 0; i < 100; i++) {
            aborted += proxy.get("/").startsWith("HTTP/1.1 503") ? 1 : 0;
        }

        assertThat(aborted).isBetween(5, 15);
        assertThat(proxy.stat("mishap.rule.a.suppressed_cap")).isEqualTo(100 - aborted);
    }

    @Test
    void aTtlEndsARuleThoughTheConfigurationStays() throws Exception {
        long start = System.nanoTime();
        proxy.start(proxy.hcm(filter(typed("rules: [{name: a, abort: {http_status: 503}, ttl: 1s}]")), ""));

        ConfiguredProxy.await(
                () -> proxy.server.rules().places().standing().values().stream().allMatch(List::isEmpty));

        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(1_000_000_000L);
        assertThat(proxy.get("/")).startsWith("HTTP/1.1 200");
    }

    @Test
    void discoveryTurnsThemOnAndOffUnderALiveConnection() throws Exception {
        proxy.push("faults", "1", typed("rules: []"));
        proxy.start(proxy.hcm(proxy.ecds("faults", ConfiguredProxy.HTTP, "") + ",", ""));
        try (Socket socket = proxy.connect()) {
            assertThat(ConfiguredProxy.get(socket, "/hit")).startsWith("HTTP/1.1 200");

            proxy.push("faults", "2", typed("rules: [" + ABORT + "]"));
            ConfiguredProxy.await(() -> proxy.stat("extension_config_discovery.http_filter.faults.config_reload") == 2);
            assertThat(ConfiguredProxy.get(socket, "/hit")).startsWith("HTTP/1.1 503");

            proxy.push("faults", "3", typed("rules: [{name: b, latency: {fixed: 1s}}]"));
            ConfiguredProxy.await(() -> proxy.stat("extension_config_discovery.http_filter.faults.config_fail") == 1);
            assertThat(ConfiguredProxy.get(socket, "/hit")).startsWith("HTTP/1.1 503");

            proxy.push("faults", "4", typed("reset: {percentage: {numerator: 0}}"));
            ConfiguredProxy.await(() -> proxy.stat("extension_config_discovery.http_filter.faults.config_reload") == 3);
            assertThat(ConfiguredProxy.get(socket, "/hit")).startsWith("HTTP/1.1 200");
        }
        assertThat(proxy.stat("listener.127.0.0.1_0.downstream_cx_total")).isEqualTo(1);
        assertThat(proxy.stat("listener_manager.listener_modified")).isZero();
        assertThat(proxy.stat("mishap.rule.a.touched")).isEqualTo(2);
    }

    @Test
    void aDefaultServesUntilTheFirstConfigurationComes() throws Exception {
        Files.writeString(directory.resolve("faults.yaml"), "{version_info: '0', resources: []}");
        proxy.start(proxy.hcm(
                proxy.ecds(
                                "faults",
                                ConfiguredProxy.HTTP,
                                ", apply_default_config_without_warming: true, default_config: "
                                        + typed("rules: [" + ABORT + "]"))
                        + ",",
                ""));

        assertThat(proxy.get("/hit")).startsWith("HTTP/1.1 503");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "rules: [{name: a}]                                              | field: \"fault\", reason: is required",
                "rules: [{abort: {http_status: 503}}]                            | FaultRuleValidationError.Name: value length must be between 1 and 253 characters, inclusive",
                "rules: [{name: '-', abort: {http_status: 503}}]                 | FaultRuleValidationError.Name: value does not match regex pattern",
                "rules: [{name: a, abort: {http_status: 99}}]                    | AbortValidationError.HttpStatus: value must be inside range [200, 600)",
                "rules: [{name: a, delay: {}}]                                   | DelayValidationError.Fixed: value is required",
                "rules: [{name: a, delay: {fixed: 90000s}}]                      | DelayValidationError.Fixed: value must be inside range (0s, 24h0m0s]",
                "rules: [{name: a, reset: {}, limits: {max_per_second: 100001}}] | LimitsValidationError.MaxPerSecond: value must be less than or equal to 100000",
                "rules: [{name: a, latency: {fixed: 1s}}]                        | rules[0].latency: acts on a connection, which an HTTP filter has nothing to do with; such a rule belongs in mishap.filters.network.fault or mishap.clusters.fault",
                "rules: [{name: a, dns: {drop: true}}]                           | rules[0].dns: acts on a DNS question",
                "rules: [{name: a, reset: {}}, {name: a, reset: {}}]             | rules[1].name: 'a' is the name of an earlier rule of the list",
                "rules: [{name: a, reset: {}, targets: {nodes: [n]}}]            | rules[0].targets",
                "rules: [{name: a, reset: {}, percentage: {numerator: 101}}]     | rules[0].percentage: must be from 0 to 100 %, got 101 of HUNDRED",
                "rules: [{name: a, reset: {}, scope: {sni: {exact: b}}}]         | rules[0].name: scope.sni cannot be told of an HTTP request, which reset acts on",
                "rules: [{name: a, reset: {}, scope: {path: {regex: '('}}}]      | rules[0].scope.path.regex: regex is not RE2 syntax",
                "rules: [{name: a, reset: {}, scope: {source: {cidrs: ['10.0.0.0/99']}}}] | rules[0].scope.source.cidrs[0]: expected an address range",
                "rules: [{name: a, reset: {}, schedule: {windows: [{from: '09:00', to: '10:00', zone: Mars}]}}] | rules[0].schedule.windows[0].zone: expected a time zone such as Europe/Berlin, got 'Mars'",
                "rules: [{name: a, reset: {}, schedule: {start: '2026-01-02T00:00:00Z', end: '2026-01-01T00:00:00Z'}}] | rules[0].schedule.end: end must be after start",
                "rules: [{name: a, retset: {}}]                                  | retset",
                "rules: [{name: a, scope: {headers: [{name: x}]}, reset: {}}]    | field: \"test\", reason: is required"
            })
    void refusesWithTheFieldInEveryForm(String fields, String problem) {
        for (String config : new String[] {
            typed(fields),
            typedStruct("xds.type.v3.TypedStruct", fields),
            typedStruct("udpa.type.v1.TypedStruct", fields)
        }) {
            String inChain = proxy.yaml(proxy.hcm(filter(config), ""), "");
            assertThatThrownBy(() -> proxy.load(inChain).close())
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining(problem);
            String onRoute = proxy.yaml(
                    proxy.hcm(
                            filter(typed("")),
                            "{match: {prefix: /}, route: {cluster: u}, typed_per_filter_config: {mishap.filters.http.fault: "
                                    + config + "}}"),
                    "");
            assertThatThrownBy(() -> proxy.load(onRoute).close())
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining(problem);
        }
    }

    private String events() {
        return proxy.api("events");
    }

    @Test
    void discoveredRulesAreListedAndLetGoOfWhatTheyHoldWhenTheyEnd() throws Exception {
        proxy.push(
                "faults",
                "1",
                typed("rules: [" + ABORT + ", {name: d, delay: {fixed: 300s}, scope: {path: {exact: /slow}}}]"));
        proxy.start(proxy.hcm(proxy.ecds("faults", ConfiguredProxy.HTTP, "") + ",", ""));
        assertThat(proxy.api("rules"))
                .contains("\"name\":\"a\"", "\"name\":\"d\"")
                .contains("\"source\":\"configuration\",\"place\":\"filter 'faults' of listener 'in'\"");
        try (Socket socket = proxy.connect()) {
            socket.getOutputStream().write("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n".getBytes("US-ASCII"));
            ConfiguredProxy.await(() -> proxy.stat("mishap.active_faults") == 1);

            proxy.push("faults", "2", typed("rules: [" + ABORT + "]"));

            byte[] status = socket.getInputStream().readNBytes(12);
            assertThat(new String(status, "US-ASCII")).isEqualTo("HTTP/1.1 200");
        }
        assertThat(proxy.api("rules")).contains("\"name\":\"a\"").doesNotContain("\"name\":\"d\"");
        assertThat(events())
                .contains("\"kind\":\"started\",\"rule\":\"a\"", "\"kind\":\"started\",\"rule\":\"d\"")
                .contains("\"kind\":\"stopped\",\"rule\":\"d\"")
                .doesNotContain("\"kind\":\"stopped\",\"rule\":\"a\"", "replaced");
    }

    @Test
    void rulesOfRoutesAreListedToo() throws Exception {
        String routes = """
                {match: {path: /hit}, route: {cluster: u}, typed_per_filter_config: {mishap.filters.http.fault: {'@type': %1$s,
                  rules: [{name: b, abort: {http_status: 404}, ttl: 3600s}]}}},
                {match: {prefix: /}, route: {cluster: u}}
                """.formatted(ConfiguredProxy.HTTP);
        proxy.start(proxy.hcm(filter(typed("")), routes));

        assertThat(proxy.get("/hit")).startsWith("HTTP/1.1 404");
        assertThat(proxy.api("rules/b"))
                .contains("\"place\":\"the routes of listener 'in'\"", "\"expiresInMillis\":3", "\"touched\":1,");
        assertThat(events()).contains("\"kind\":\"started\",\"rule\":\"b\"");
    }
}
