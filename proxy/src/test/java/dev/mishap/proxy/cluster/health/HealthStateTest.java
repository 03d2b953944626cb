package dev.mishap.proxy.cluster.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HealthStateTest {
    private static final long SECOND = 1_000_000_000L;

    private final HealthStats stats = new HealthStats(new StatsStore().scope("h."));
    private final Endpoint endpoint =
            new Endpoint(new InetSocketAddress("127.0.0.1", 80), "", EndpointConfig.at("127.0.0.1", 80));

    private static HealthCheckConfig config(String fields) {
        return HealthCheckConfig.from(ConfigReader.checkedYaml(
                "envoy.config.core.v3.HealthCheck",
                "{timeout: 1s, interval: 5s, unhealthy_threshold: 3, healthy_threshold: 2, http_health_check: {path: /}"
                        + fields + "}"));
    }

    private HealthState state(String fields) {
        return new HealthState(endpoint, config(fields), stats, new HealthLog("HTTP", "u", List.of()), true);
    }

    @Test
    void anEndpointIsUnhealthyUntilItsFirstCheckWhichCountsAtOnce() {
        HealthState state = state("");
        assertThat(endpoint.healthText()).isEqualTo("/failed_active_hc/pending_active_hc");
        assertThat(state.passed(false)).isEqualTo(Transition.CHANGED);
        assertThat(endpoint.healthy()).isTrue();
        assertThat(stats.healthy.value()).isEqualTo(1);
    }

    @Test
    void thresholdsCountInARow() {
        HealthState state = state("");
        state.passed(false);
        assertThat(state.failed(Failure.NETWORK, false, 0)).isEqualTo(Transition.PENDING);
        assertThat(state.failed(Failure.NETWORK_TIMEOUT, false, 0)).isEqualTo(Transition.PENDING);
        assertThat(state.passed(false)).isEqualTo(Transition.NONE);
        state.failed(Failure.ACTIVE, true, 503);
        state.failed(Failure.NETWORK, false, 0);
        assertThat(endpoint.healthy()).isTrue();
        assertThat(state.failed(Failure.NETWORK_TIMEOUT, false, 0)).isEqualTo(Transition.CHANGED);
        assertThat(endpoint.healthText()).isEqualTo("/failed_active_hc/active_hc_timeout");
        assertThat(state.failed(Failure.NETWORK, false, 0)).isEqualTo(Transition.NONE);
        assertThat(state.passed(false)).isEqualTo(Transition.PENDING);
        assertThat(state.passed(false)).isEqualTo(Transition.CHANGED);
        assertThat(endpoint.healthText()).isEqualTo("healthy");
    }

    @Test
    void aStatusThatIsNotExpectedTellsAtOnce() {
        HealthState state = state("");
        state.passed(false);
        assertThat(state.failed(Failure.ACTIVE, false, 500)).isEqualTo(Transition.CHANGED);
        assertThat(endpoint.has(HealthFlag.FAILED_ACTIVE_HC)).isTrue();
    }

    @Test
    void degradedComesAndGoes() {
        HealthState state = state("");
        state.passed(true);
        assertThat(endpoint.degraded()).isTrue();
        assertThat(state.passed(true)).isEqualTo(Transition.NONE);
        assertThat(state.passed(false)).isEqualTo(Transition.CHANGED);
        assertThat(endpoint.degraded()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "true, NONE, true, 5", "true, CHANGED, true, 5", "true, PENDING, true, 2", "false, NONE, true, 7",
        "false, PENDING, true, 3", "true, NONE, false, 40", "true, PENDING, false, 60", "false, NONE, false, 60"
    })
    void theNextCheckDependsOnHealthAndTraffic(boolean healthy, Transition change, boolean traffic, long seconds) {
        HealthTiming timing = config(", unhealthy_interval: 7s, unhealthy_edge_interval: 3s, healthy_edge_interval: 2s,"
                        + " no_traffic_healthy_interval: 40s")
                .timing();
        assertThat(timing.next(healthy, change, traffic, RuntimeSnapshot.EMPTY, () -> 0))
                .isEqualTo(seconds * SECOND);
    }

    @Test
    void jitterIsAdded() {
        HealthTiming timing =
                config(", interval_jitter: 1s, interval_jitter_percent: 20").timing();
        assertThat(timing.next(true, Transition.NONE, true, RuntimeSnapshot.EMPTY, () -> 999))
                .isEqualTo(5 * SECOND + 2 * 999_000_000L);
    }

    @ParameterizedTest
    @CsvSource({"a|b, xaxbx, true", "b|a, ab, false", "ab|ab, abab, true", "ab|ab, ab, false", "'', x, true"})
    void bytesAreLookedForInOrder(String wanted, String in, boolean found) {
        List<byte[]> pieces = java.util.Arrays.stream(wanted.split("\\|"))
                .map(s -> s.getBytes(StandardCharsets.US_ASCII))
                .toList();
        ByteBuf data = Unpooled.copiedBuffer(in, StandardCharsets.US_ASCII);
        assertThat(Payload.containsInOrder(pieces, data)).isEqualTo(found);
        data.release();
    }

    @ParameterizedTest
    @CsvSource({
        "00000000020801, true",
        "00000000020802, false",
        "0000000000, false",
        "00000000030801, false",
        "0000000005120161" + "0801, true",
        "01000000020801, false",
        "00, false",
        "0000000002ffff, false"
    })
    void onlyServingIsHealthy(String hex, boolean serving) {
        ByteBuf data = Unpooled.wrappedBuffer(io.netty.buffer.ByteBufUtil.decodeHexDump(hex));
        assertThat(GrpcCheck.serving(data)).isEqualTo(serving);
        data.release();
    }
}
