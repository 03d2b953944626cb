package dev.mishap.proxy.observe.trace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OtlpResourceTest {
    private static final String ANY = "type.googleapis.com/envoy.extensions.tracers.opentelemetry.";

    private static ConfigNode config(String yaml) {
        return ConfigReader.checkedYaml(OtlpTracer.MESSAGE, yaml);
    }

    private static String extension(String name, String more) {
        return "{name: x, typed_config: {'@type': " + ANY + name + more + "}}";
    }

    @Test
    void laterDetectorsCount() {
        String detectors = "resource_detectors: ["
                + extension(
                        "resource_detectors.v3.StaticConfigResourceDetectorConfig", ", attributes: {a: '1', b: '2'}")
                + ", " + extension("resource_detectors.v3.EnvironmentResourceDetectorConfig", "") + "]";

        Map<String, String> found =
                OtlpResource.of(config("service_name: me\n" + detectors), "9", variable -> "b=3,bad,c=4=5,,d=x y");

        assertThat(found)
                .containsEntry("service.name", "me")
                .containsEntry("telemetry.sdk.version", "9")
                .containsEntry("a", "1")
                .containsEntry("b", "3")
                .containsEntry("d", "x y")
                .doesNotContainKeys("bad", "c");
    }

    @Test
    void attributesOfOurOwnCanBeLeftOut() {
        assertThat(OtlpResource.of(
                        config(
                                "set_service_name_resource_attribute: false\nset_telemetry_sdk_resource_attributes: false"),
                        "9",
                        variable -> null))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "AlwaysOnSamplerConfig, '', 0, true",
        "TraceIdRatioBasedSamplerConfig, '', 0, false",
        "TraceIdRatioBasedSamplerConfig, ', sampling_percentage: {numerator: 50}', 4b00000000000000, false",
        "TraceIdRatioBasedSamplerConfig, ', sampling_percentage: {numerator: 50}', 000000000000004b, true",
        "TraceIdRatioBasedSamplerConfig, ', sampling_percentage: {numerator: 76}', 4b00000000000000, true"
    })
    void theFirstSpanOfATraceIsSampledByTheSampler(String name, String more, String high, boolean sampled) {
        ConfigNode sampler =
                config("sampler: " + extension("samplers.v3." + name, more)).required("sampler");

        assertThat(OtlpSampler.from(sampler).samples(new W3cContext(Long.parseUnsignedLong(high, 16), 1, 0, false, "")))
                .isEqualTo(sampled);
    }

    @ParameterizedTest
    @CsvSource({"0, false, true", "1, false, false", "1, true, true"})
    void aSpanMayFollowItsParent(long parent, boolean parentSampled, boolean sampled) {
        String wrapped = extension("samplers.v3.AlwaysOnSamplerConfig", "");
        ConfigNode sampler = config("sampler: "
                        + extension("samplers.v3.ParentBasedSamplerConfig", ", wrapped_sampler: " + wrapped))
                .required("sampler");

        assertThat(OtlpSampler.from(sampler).samples(new W3cContext(1, 1, parent, parentSampled, "")))
                .isEqualTo(sampled);
    }
}
