package dev.mishap.proxy.cluster.outlier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.CommonLbConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.EndpointMonitor;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** On the test's own thread and time: the detector has no loop here. */
class OutlierDetectorTest {
    private static final long SECOND = 1_000_000_000L;

    private final StatsStore stats = new StatsStore();
    private Cluster cluster;
    private OutlierDetector detector;

    private void start(int hosts, String yaml) {
        List<EndpointConfig> endpoints = new ArrayList<>();
        for (int i = 1; i <= hosts; i++) {
            endpoints.add(EndpointConfig.at("127.0.0." + i, 80));
        }
        var node = ConfigReader.checkedYaml(
                "envoy.config.cluster.v3.Cluster", "{name: u, outlier_detection: " + yaml + "}");
        cluster = new Cluster(
                ClusterConfig.builder("u", StaticDiscovery.of(endpoints), LbPolicies.of(node, CommonLbConfig.DEFAULT))
                        .build(),
                stats);
        detector = new OutlierDetector(OutlierConfig.from(node.required("outlier_detection")), cluster, () -> 0);
        detector.start();
    }

    private Endpoint host(int i) {
        return cluster.members().all().get(i);
    }

    private boolean ejected(int i) {
        return host(i).has(HealthFlag.FAILED_OUTLIER_CHECK);
    }

    private void responses(int i, int count, int status) {
        for (int n = 0; n < count; n++) {
            host(i).monitor().response(status);
        }
    }

    private long stat(String name) {
        return stats.counter("cluster.u.outlier_detection." + name).value();
    }

    @Test
    void ejectsAfterFailuresInARowAndTakesItBackInTime() {
        start(2, "{consecutive_5xx: 3, base_ejection_time: 30s, max_ejection_percent: 50}");
        responses(0, 2, 500);
        responses(0, 1, 200);
        responses(0, 2, 503);
        assertThat(ejected(0)).isFalse();
        responses(0, 1, 500);
        assertThat(ejected(0)).isTrue();
        assertThat(cluster.endpoints().healthyCount()).isEqualTo(1);
        detector.onInterval(System.nanoTime() + 29 * SECOND);
        assertThat(ejected(0)).isTrue();
        detector.onInterval(System.nanoTime() + 31 * SECOND);
        assertThat(ejected(0)).isFalse();
        assertThat(stat("ejections_enforced_consecutive_5xx")).isEqualTo(1);
    }

    @Test
    void noMoreThanTheConfiguredShareIsEjected() {
        start(3, "{consecutive_5xx: 1, max_ejection_percent: 50}");
        responses(0, 1, 500);
        responses(1, 1, 500);
        assertThat(ejected(0)).isTrue();
        assertThat(ejected(1)).isFalse();
        assertThat(stat("ejections_overflow")).isEqualTo(1);
        start(3, "{consecutive_5xx: 1}");
        responses(0, 1, 500);
        assertThat(ejected(0)).as("a third is more than 10 %").isFalse();
        start(3, "{consecutive_5xx: 1, always_eject_one_host: true}");
        responses(0, 1, 500);
        responses(1, 1, 500);
        assertThat(ejected(0)).isTrue();
        assertThat(ejected(1)).isFalse();
    }

    @Test
    void aLongerEjectionFollowsASoonOne() {
        start(1, "{consecutive_5xx: 1, base_ejection_time: 10s, max_ejection_time: 25s, max_ejection_percent: 100}");
        long now = System.nanoTime();
        HostMonitor m = (HostMonitor) host(0).monitor();
        for (int seconds : new int[] {10, 20, 25, 25}) {
            detector.foundHere(m, Ejection.CONSECUTIVE_5XX, now);
            long just = now + seconds * SECOND;
            detector.onInterval(just - 1);
            assertThat(ejected(0)).as("%d s are not over", seconds).isTrue();
            detector.onInterval(just);
            assertThat(ejected(0)).as("%d s are over", seconds).isFalse();
            // One interval without an ejection takes a step back; the one that ended it did so already.
            m.backoff++;
            now = just;
        }
    }

    @Test
    void gatewayFailuresAreFoundAndByDefaultNotActedOn() {
        start(1, "{consecutive_gateway_failure: 2, max_ejection_percent: 100}");
        responses(0, 1, 502);
        responses(0, 1, 500);
        responses(0, 2, 504);
        assertThat(stat("ejections_detected_consecutive_gateway_failure")).isEqualTo(1);
        assertThat(stat("ejections_enforced_consecutive_gateway_failure")).isZero();
        assertThat(ejected(0)).isFalse();
    }

    @Test
    void ownFailuresCountAsResponsesUnlessToldApart() {
        start(1, "{consecutive_5xx: 2, max_ejection_percent: 100}");
        host(0).monitor().result(EndpointMonitor.Result.CONNECT_FAILED, 0);
        host(0).monitor().result(EndpointMonitor.Result.CONNECTED, 0);
        host(0).monitor().result(EndpointMonitor.Result.TIMEOUT, 504);
        assertThat(ejected(0)).isTrue();
        start(
                1,
                "{consecutive_5xx: 2, consecutive_local_origin_failure: 2, split_external_local_origin_errors: true,"
                        + " max_ejection_percent: 100}");
        host(0).monitor().result(EndpointMonitor.Result.CONNECT_FAILED, 0);
        host(0).monitor().result(EndpointMonitor.Result.CONNECTED, 0);
        host(0).monitor().result(EndpointMonitor.Result.TIMEOUT, 504);
        assertThat(ejected(0)).isFalse();
        host(0).monitor().result(EndpointMonitor.Result.CONNECT_FAILED, 0);
        assertThat(ejected(0)).isTrue();
        assertThat(stat("ejections_enforced_consecutive_local_origin_failure")).isEqualTo(1);
    }

    @Test
    void theOneThatFallsBehindTheOthersIsEjected() {
        start(5, "{success_rate_minimum_hosts: 5, success_rate_request_volume: 10, max_ejection_percent: 20}");
        for (int i = 0; i < 5; i++) {
            responses(i, i == 4 ? 6 : 10, 200);
        }
        responses(4, 4, 404 + 100);
        detector.onInterval(System.nanoTime());
        assertThat(ejected(4)).isTrue();
        assertThat(detector.average()).isEqualTo(92);
        assertThat(detector.threshold()).isBetween(61.5, 62.0);
        assertThat(stat("ejections_enforced_success_rate")).isEqualTo(1);
    }

    @Test
    void tooManyFailuresEject() {
        start(
                2,
                "{failure_percentage_minimum_hosts: 2, failure_percentage_request_volume: 4, consecutive_5xx: 100,"
                        + " failure_percentage_threshold: 50, enforcing_failure_percentage: 100, max_ejection_percent: 50}");
        responses(0, 2, 200);
        responses(0, 2, 500);
        responses(1, 3, 200);
        responses(1, 1, 500);
        detector.onInterval(System.nanoTime());
        assertThat(ejected(0)).isTrue();
        assertThat(ejected(1)).isFalse();
        assertThat(host(1).monitor().successRate()).isEqualTo(75);
    }

    @Test
    void aHealthCheckThatPassesEndsAnEjection() {
        start(1, "{consecutive_5xx: 1, max_ejection_percent: 100}");
        responses(0, 1, 500);
        detector.healthCheckPassed(host(0));
        assertThat(ejected(0)).isFalse();
    }
}
