package dev.mishap.proxy.filter.http.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.extproc.ProcessingMode.Body;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ExtProcConfigTest {
    private static final String SERVICE = "grpc_service: {envoy_grpc: {cluster_name: a}}\n";

    private static ExtProcConfig config(String yaml) {
        return ExtProcConfig.from(ConfigReader.checkedYaml(ExtProcConfig.FILTER, yaml));
    }

    private static Object route(String yaml) {
        return ExtProcConfig.PerRoute.from(ConfigReader.checkedYaml(ExtProcConfig.PER_ROUTE, yaml));
    }

    @Test
    void headersAloneGoToTheServiceUnlessItSaysMore() {
        ExtProcConfig config = config(SERVICE);

        assertThat(config.mode()).isEqualTo(new ProcessingMode(true, true, Body.NONE, Body.NONE, false, false));
        assertThat(config.messageTimeoutNanos()).isEqualTo(200_000_000);
    }

    @Test
    void levelsOfARouteAddUp() {
        List<Object> levels = List.of(
                route("overrides: {processing_mode: {request_body_mode: BUFFERED}}"),
                route(
                        "overrides: {grpc_service: {envoy_grpc: {cluster_name: b}}, grpc_initial_metadata: [{key: k, value: v}]}"));

        ExtProcConfig at = Objects.requireNonNull(config(SERVICE).at(levels));
        assertThat(at.mode().requestBody()).isEqualTo(Body.BUFFERED);
        assertThat(at.service().cluster()).isEqualTo("b");
        assertThat(at.service().metadata()).containsExactly("k", "v");
    }

    @Test
    void theMostSpecificLevelDecidesWhetherTheFilterIsOff() {
        Object off = route("disabled: true");
        Object on = route("overrides: {}");

        assertThat(config(SERVICE).at(List.of(off, on))).isNull();
        assertThat(config(SERVICE).at(List.of(on, off))).isNotNull();
    }

    @Test
    void whatIsNotThereIsRefused() {
        assertThatThrownBy(() -> config(SERVICE + "processing_mode: {request_body_mode: FULL_DUPLEX_STREAMED}"))
                .hasMessageContaining("request_trailer_mode")
                .hasMessageContaining("FULL_DUPLEX_STREAMED, then the request");
        assertThatThrownBy(() -> config("failure_mode_allow: true"))
                .hasMessageContaining("One and only one of grpc_service or http_service must be configured");
    }
}
