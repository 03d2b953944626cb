package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiSupplementTest {
    private static final String COMPRESSOR =
            "envoy.extensions.filters.http.compressor.v3.Compressor.ResponseDirectionConfig";

    private static final List<String> LINES = List.of(
            "message a.v3.M",
            "  oneof kind required",
            "  1 string name {string { min_len: 1 pattern: \"a b{2}\" }}",
            "  2 optional uint32 count deprecated",
            "  3 repeated enum:a.v3.E kinds json Kinds",
            "  4 map string message:a.v3.M.N parts",
            "  5 message:a.v3.M.N part in kind",
            "  6 bytes key in kind sensitive",
            "message a.v3.M.N unchecked",
            "enum a.v3.E",
            "  0 ZERO",
            "  2 TWO");

    private static ApiModel model(List<String> lines) {
        ApiModel model = new ApiModel();
        ApiSupplement.apply(model, lines);
        return model;
    }

    @Test
    void linesAreReadAsTheyWereWritten() {
        assertThat(ApiSupplement.difference(new ApiModel(), model(LINES))).isEqualTo(LINES);
    }

    @Test
    void onlyWhatDiffersIsWritten() {
        List<String> old = List.of(
                "message a.v3.M",
                "  oneof kind required",
                "  1 string name",
                "  4 map string message:a.v3.M.N parts",
                "  7 bool gone",
                "message a.v3.M.N unchecked",
                "message a.v3.Old",
                "message other.v3.Stays",
                "enum a.v3.E",
                "  0 ZERO");
        List<String> difference = ApiSupplement.difference(model(old), model(LINES));
        assertThat(difference)
                .containsExactly(
                        "message a.v3.M",
                        "  1 string name {string { min_len: 1 pattern: \"a b{2}\" }}",
                        "  2 optional uint32 count deprecated",
                        "  3 repeated enum:a.v3.E kinds json Kinds",
                        "  5 message:a.v3.M.N part in kind",
                        "  6 bytes key in kind sensitive",
                        "  gone 7",
                        "enum a.v3.E",
                        "  0 ZERO",
                        "  2 TWO",
                        "gone a.v3.Old");
        ApiModel brought = model(old);
        ApiSupplement.apply(brought, difference);
        assertThat(brought.messages).containsKey("other.v3.Stays").doesNotContainKey("a.v3.Old");
        assertThat(brought.messages.get("a.v3.M"))
                .isEqualTo(model(LINES).messages.get("a.v3.M"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "  x string name",
                "  1 strange name",
                "  1 string name of it",
                "  1 string name {string { min: 1 }}"
            })
    void aLineThatIsNotOneIsNamed(String line) {
        assertThatThrownBy(() -> model(List.of("message a.v3.M", line)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(line);
    }

    @Test
    void theJarIsOlderThanWhatIsFollowed() {
        assertThat(SchemaGenerator.jar().messages.get(COMPRESSOR).fields().values())
                .extracting(ApiModel.Field::name)
                .doesNotContain("status_header_enabled");
        assertThat(Schema.get().message(COMPRESSOR).field("status_header_enabled"))
                .isNotNull();
        assertThat(Schema.get().message("envoy.api.v2.Cluster")).isNull();
    }

    /** A field, an enum value, a validation rule and a message that came after the jar, in every form. */
    @Test
    void whatIsNewerIsReadInEveryForm() {
        ConfigNode yaml = ConfigReader.checkedYaml(COMPRESSOR, "status_header_enabled: true");
        ConfigNode text = ConfigReader.strict().textProto(COMPRESSOR, "status_header_enabled: true");
        int number =
                Schema.get().message(COMPRESSOR).field("status_header_enabled").number();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(number << 3);
        bytes.write(1);
        ConfigNode binary = ConfigReader.strict().binary(COMPRESSOR, bytes.toByteArray(), "");
        assertThat(yaml.toJson()).isEqualTo(Map.of("status_header_enabled", true));
        assertThat(text.toJson()).isEqualTo(yaml.toJson());
        assertThat(binary.toJson()).isEqualTo(yaml.toJson());

        String override = "envoy.extensions.load_balancing_policies.override_host.v3.OverrideHost";
        byte[] header = "x-host".getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream sources = new ByteArrayOutputStream();
        sources.writeBytes(new byte[] {0xa, (byte) (header.length + 2), 0xa, (byte) header.length});
        sources.writeBytes(header);
        ConfigNode source = ConfigReader.strict()
                .binary(override, sources.toByteArray(), "")
                .messages("override_host_sources")
                .get(0);
        assertThat(source.string("header")).isEqualTo("x-host");
        assertThatThrownBy(() -> ConfigReader.checkedYaml(override, "override_host_sources: []"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("OverrideHostSources");
    }
}
