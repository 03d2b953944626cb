package dev.mishap.proxy.cluster.lb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientWeightedPolicyTest {
    private static final long SECOND = 1_000_000_000L;

    private static ClientWeightedPolicy policy(String yaml) {
        return ClientWeightedPolicy.from(
                ConfigReader.checkedYaml(ClientWeightedPolicy.MESSAGE, yaml), LocalityConfig.DEFAULT);
    }

    private static Endpoint endpoint(int port) {
        return new Endpoint(new InetSocketAddress("127.0.0.1", port), "", EndpointConfig.at("127.0.0.1", port));
    }

    private static HeaderMap headers(String name, String value) {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.of(name), value);
        return headers;
    }

    private static double weight(ClientWeightedPolicy policy, String report) {
        Endpoint endpoint = endpoint(1);
        policy.answered(endpoint, headers("endpoint-load-metrics", report), SECOND);
        return policy.weightOf(endpoint, SECOND);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "TEXT rps_fractional=100, cpu_utilization=0.5                                          | 200",
                "TEXT rps_fractional=100,cpu_utilization=0.5,application_utilization=0.25              | 400",
                "TEXT rps_fractional=100,cpu_utilization=0.5,named_metrics.a=0.8,named_metrics.b=0.2   | 125",
                "TEXT rps_fractional=100,cpu_utilization=0.5,eps=50                                    | 100",
                "TEXT rps_fractional=100,cpu_utilization=0.5,eps=-50                                    | 200",
                "TEXT rps_fractional=1e300,cpu_utilization=1e-300                                       | 4294967295",
                "JSON {\"rps_fractional\": 100, \"cpu_utilization\": 0.5, \"named_metrics\": {\"b\": 1}} | 100",
                "TEXT rps_fractional=100                                                               | 0",
                "TEXT cpu_utilization=0.5                                                              | 0",
                "TEXT rps_fractional=100,cpu_utilization=NaN                                           | 0",
                "TEXT rps_fractional                                                                   | 0",
                "JSON {                                                                                | 0",
                "BIN ***                                                                               | 0",
                "rps_fractional=100,cpu_utilization=0.5                                                | 0",
            })
    void weightsAreRequestsOverUtilisation(String report, double expected) {
        ClientWeightedPolicy policy = policy("blackout_period: 0s\nerror_utilization_penalty: 1\n"
                + "metric_names_for_computing_utilization: [named_metrics.a, named_metrics.b]");
        assertThat(weight(policy, report)).isCloseTo(expected, within(1e-9));
    }

    @ParameterizedTest
    @ValueSource(strings = {"endpoint-load-metrics-bin", "endpoint-load-metrics"})
    void binaryReportsAreRead(String name) {
        // cpu_utilization = 0.5, rps_fractional = 100
        byte[] message = {9, 0, 0, 0, 0, 0, 0, (byte) 0xe0, 0x3f, 49, 0, 0, 0, 0, 0, 0, 0x59, 0x40};
        String text = Base64.getEncoder().encodeToString(message);
        Map<String, Double> report = LoadReports.read(headers(name, name.endsWith("bin") ? text : "BIN " + text));
        assertThat(report).containsEntry("cpu_utilization", 0.5).containsEntry("rps_fractional", 100.0);
    }

    @Test
    void whatIsToldCountsAfterAWhileAndForAWhile() {
        ClientWeightedPolicy policy = policy("blackout_period: 10s\nweight_expiration_period: 30s");
        Endpoint endpoint = endpoint(1);
        HeaderMap report = headers("endpoint-load-metrics", "TEXT rps_fractional=10,cpu_utilization=1");
        policy.answered(endpoint, report, SECOND);
        assertThat(policy.weightOf(endpoint, 10 * SECOND)).isZero();
        assertThat(policy.weightOf(endpoint, 11 * SECOND)).isEqualTo(10);
        policy.answered(endpoint, report, 20 * SECOND);
        assertThat(policy.weightOf(endpoint, 49 * SECOND)).isEqualTo(10);
        assertThat(policy.weightOf(endpoint, 50 * SECOND)).isZero();
        policy.answered(endpoint, report, 60 * SECOND); // begins anew
        assertThat(policy.weightOf(endpoint, 61 * SECOND)).isZero();
    }

    @Test
    void endpointsArePickedByTheirWeightsAndByTheMedianWithout() {
        ClientWeightedPolicy policy = policy("blackout_period: 0s\nweight_update_period: 1s");
        long[] now = {SECOND};
        Cluster cluster = new Cluster(
                ClusterConfig.builder("c", StaticDiscovery.of(List.of()), policy)
                        .build(),
                new StatsStore());
        ClientWeightedPicker picker =
                new ClientWeightedPicker(policy, () -> 0, new SlowStart(SlowStartConfig.OFF, cluster), () -> now[0]);
        Endpoint heavy = endpoint(1);
        Endpoint light = endpoint(2);
        Endpoint silent = endpoint(3);
        picker.update(List.of(heavy, light, silent));
        assertThat(counts(picker, 30).values()).containsOnly(10);
        policy.answered(heavy, headers("endpoint-load-metrics", "TEXT rps_fractional=30,cpu_utilization=1"), now[0]);
        policy.answered(light, headers("endpoint-load-metrics", "TEXT rps_fractional=10,cpu_utilization=1"), now[0]);
        assertThat(counts(picker, 30).values()).containsOnly(10); // not looked at yet
        now[0] += SECOND;
        assertThat(counts(picker, 60))
                .containsEntry(heavy, 30)
                .containsEntry(light, 10)
                .containsEntry(silent, 20);
    }

    private static Map<Object, Integer> counts(ClientWeightedPicker picker, int picks) {
        Map<Object, Integer> counts = new HashMap<>();
        for (int i = 0; i < picks; i++) {
            counts.merge(picker.pick(), 1, Integer::sum);
        }
        return counts;
    }
}
