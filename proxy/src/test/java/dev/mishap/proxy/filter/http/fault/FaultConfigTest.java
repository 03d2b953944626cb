package dev.mishap.proxy.filter.http.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FaultConfigTest {
    private static FaultConfig parse(String yaml) {
        return FaultConfig.from(ConfigReader.checkedYaml("envoy.extensions.filters.http.fault.v3.HTTPFault", yaml));
    }

    @Test
    void nothingGivenIsNoFault() {
        FaultConfig config = parse("{}");

        assertThat(config.abort()).isNull();
        assertThat(config.delay()).isNull();
        assertThat(config.rateLimit()).isNull();
        assertThat(config.maxActiveFaults()).isEqualTo(Long.MAX_VALUE);
        assertThat(config.keys().abortPercent()).isEqualTo("fault.http.abort.abort_percent");
        assertThat(config.keys().rateLimitPercent()).isEqualTo("fault.http.rate_limit.response_percent");
        assertThat(config.perClusterStats()).isTrue();
    }

    @Test
    void readsEveryField() {
        FaultConfig config = parse("""
                delay: {fixed_delay: 1.5s, percentage: {numerator: 7, denominator: TEN_THOUSAND}}
                abort: {http_status: 503, percentage: {numerator: 3, denominator: MILLION}}
                response_rate_limit: {fixed_limit: {limit_kbps: 64}, percentage: {numerator: 200}}
                upstream_cluster: u1
                headers: [{name: x-a, string_match: {exact: b}}]
                downstream_nodes: [n1, n2]
                max_active_faults: 5
                delay_percent_runtime: r1
                abort_percent_runtime: r2
                delay_duration_runtime: r3
                abort_http_status_runtime: r4
                max_active_faults_runtime: r5
                response_rate_limit_percent_runtime: r6
                abort_grpc_status_runtime: r7
                disable_downstream_cluster_stats: true
                filter_metadata: {experiment: e1}
                """);

        assertThat(config.delay().fixedNanos()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(1500));
        assertThat(config.delay().share().partsPerMillion(-1)).isEqualTo(700);
        assertThat(config.delay().share().partsPerMillion(5)).isEqualTo(500);
        assertThat(config.abort().httpStatus()).isEqualTo(503);
        assertThat(config.abort().share().partsPerMillion(-1)).isEqualTo(3);
        assertThat(config.rateLimit().kibPerSecond()).isEqualTo(64);
        assertThat(config.rateLimit().share().partsPerMillion(-1)).isEqualTo(2_000_000);
        assertThat(config.upstreamCluster()).isEqualTo("u1");
        assertThat(config.headers()).hasSize(1);
        assertThat(config.downstreamNodes()).containsExactlyInAnyOrder("n1", "n2");
        assertThat(config.maxActiveFaults()).isEqualTo(5);
        assertThat(config.keys()).isEqualTo(new FaultConfig.RuntimeKeys("r1", "r2", "r3", "r4", "r7", "r5", "r6"));
        assertThat(config.perClusterStats()).isFalse();
        assertThat(config.metadata()).isEqualTo(Map.of("experiment", "e1"));
    }

    @Test
    void headerModesAreTold() {
        FaultConfig config = parse(
                "{delay: {header_delay: {}}, abort: {header_abort: {}}, response_rate_limit: {header_limit: {}}}");

        assertThat(config.delay().byHeader()).isTrue();
        assertThat(config.abort().byHeader()).isTrue();
        assertThat(config.rateLimit().byHeader()).isTrue();
        assertThat(config.delay().share().partsPerMillion(100)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0", "99"})
    void anyGrpcStatusIsAccepted(long status) {
        assertThat(parse("{abort: {grpc_status: " + status + "}}").abort().grpcStatus())
                .isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{abort: {http_status: 600}}",
                "{abort: {http_status: 199}}",
                "{abort: {}}",
                "{delay: {}}",
                "{delay: {fixed_delay: 0s}}",
                "{response_rate_limit: {}}",
                "{response_rate_limit: {fixed_limit: {limit_kbps: 0}}}"
            })
    void refusesWhatEnvoyRefuses(String yaml) {
        assertThatThrownBy(() -> parse(yaml)).isInstanceOf(ConfigException.class);
    }
}
