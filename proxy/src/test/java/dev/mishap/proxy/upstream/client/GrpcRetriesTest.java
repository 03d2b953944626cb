package dev.mishap.proxy.upstream.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.upstream.ResetReason;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrpcRetriesTest {
    private static GrpcService service(String fields) {
        ConfigNode node = ConfigReader.checkedYaml("envoy.config.core.v3.GrpcService", "{" + fields + "}");
        return GrpcService.from(node);
    }

    private static @Nullable GrpcRetries retries(String policy) {
        return service("envoy_grpc: {cluster_name: c}, retry_policy: {" + policy + "}")
                .options()
                .retries();
    }

    @ParameterizedTest
    @CsvSource({
        "unavailable, 200, 14, true",
        "unavailable, 200, 13, false",
        "unavailable, 200, '', false",
        "'cancelled, internal', 200, 13, true",
        "5xx, 503, '', true",
        "5xx, 499, '', false",
        "gateway-error, 500, '', false",
        "gateway-error, 502, '', true"
    })
    void goes_by_what_the_headers_say(String on, int status, String grpc, boolean again) {
        HeaderMap headers = new HeaderMap();
        if (!grpc.isEmpty()) {
            headers.add(HeaderName.GRPC_STATUS, grpc);
        }
        GrpcRetries retries = Objects.requireNonNull(retries("retry_on: '" + on + "'"));
        assertThat(retries.afterHeaders(status, headers)).isEqualTo(again);
    }

    @ParameterizedTest
    @CsvSource({
        "connect-failure, CONNECT, REMOTE_CONNECTION_FAILURE, true",
        "connect-failure, RESET, REMOTE_RESET, false",
        "reset, RESET, REMOTE_RESET, true",
        "reset-before-request, CONNECT, REMOTE_CONNECTION_FAILURE, true",
        "unavailable, CONNECT, REMOTE_CONNECTION_FAILURE, false"
    })
    void goes_by_why_there_is_no_response(String on, AsyncFailure failure, ResetReason reason, boolean again) {
        GrpcRetries retries = Objects.requireNonNull(retries("retry_on: " + on));
        assertThat(retries.afterFailure(failure, reason)).isEqualTo(again);
    }

    @Test
    void reads_how_often_and_when() {
        assertThat(retries("num_retries: 3")).isNull(); // nothing leads to one
        assertThat(retries("num_retries: 0, retry_on: reset")).isNull();
        GrpcRetries retries = Objects.requireNonNull(
                retries("num_retries: 3, retry_on: reset, retry_back_off: {base_interval: 0.002s}"));
        assertThat(retries.count()).isEqualTo(3);
        assertThat(retries.baseNanos()).isEqualTo(2_000_000);
        assertThat(retries.maxNanos()).isEqualTo(20_000_000);
        assertThatThrownBy(() -> retries("retry_on: reset, retry_back_off: {base_interval: 2s, max_interval: 1s}"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("max_interval must be greater than or equal to the base_interval");
    }

    @Test
    void a_stream_is_opened_again_as_its_service_says() {
        GrpcService.Options byDefault = service("envoy_grpc: {cluster_name: c}").options();
        assertThat(byDefault.backOffBaseNanos()).isEqualTo(500_000_000L);
        assertThat(byDefault.backOffMaxNanos()).isEqualTo(30_000_000_000L);
        GrpcService.Options own = service(
                        "envoy_grpc: {cluster_name: c, retry_policy: {retry_back_off: {base_interval: 1s}}}")
                .options();
        assertThat(own.backOffBaseNanos()).isEqualTo(1_000_000_000L);
        assertThat(own.backOffMaxNanos()).isEqualTo(10_000_000_000L);
        ConfigNode node = ConfigReader.checkedYaml(
                "envoy.config.core.v3.GrpcService", "{envoy_grpc: {cluster_name: c}, retry_policy: {}}");
        assertThatThrownBy(() -> GrpcService.ofStream(node))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("retry_policy: is for calls of one message");
    }
}
