package dev.mishap.proxy.observe.als;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.proto.ProtoWriter;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OtlpAccessLogsTest {
    private static final String LIST = "opentelemetry.proto.common.v1.KeyValueList";

    private static ConfigNode list(String yaml) {
        return ConfigReader.checkedYaml(LIST, yaml);
    }

    private static KeyValueList write(OtlpTemplate template) throws Exception {
        StreamInfo info = new StreamInfo();
        info.responseCode = 503;
        HeaderMap request = new HeaderMap();
        request.add(HeaderName.PATH, "/a");
        ProtoWriter out = new ProtoWriter();
        template.write(out, new OtlpTemplate.Entry(info, request, null, null));
        return KeyValueList.parseFrom(out.toByteArray());
    }

    @Test
    void textsAreFilledInAtAnyDepth() throws Exception {
        KeyValueList made = write(OtlpTemplate.pairs(list("""
                values:
                - {key: code, value: {string_value: "%RESPONSE_CODE% é"}}
                - {key: none, value: {string_value: "%REQ(x)%"}}
                - {key: deep, value: {kvlist_value: {values: [{key: path, value: {array_value: {values: [{string_value: "%REQ(:PATH)%"}, {string_value: ""}]}}}]}}}
                """), 1, List.of()));

        assertThat(made.getValuesList()).extracting(KeyValue::getKey).containsExactly("code", "none", "deep");
        assertThat(made.getValues(0).getValue().getStringValue()).isEqualTo("503 é");
        assertThat(made.getValues(1).getValue().getStringValue()).isEqualTo("-");
        KeyValue path = made.getValues(2).getValue().getKvlistValue().getValues(0);
        assertThat(path.getKey()).isEqualTo("path");
        assertThat(path.getValue().getArrayValue().getValuesList())
                .extracting(AnyValue::getStringValue)
                .containsExactly("/a", "");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{bool_value: true}", "{int_value: 1}", "{}", "{array_value: {values: [{double_value: 1}]}}"})
    void refusesWhatIsNoText(String value) {
        assertThatThrownBy(() -> OtlpTemplate.pairs(list("values: [{key: k, value: " + value + "}]"), 1, List.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessage("Only string values, nested key value lists and array values are supported in OpenTelemetry"
                        + " access log format.");
    }

    @Test
    void aBodyOfNoKindIsNone() {
        ConfigNode none = ConfigReader.checkedYaml("opentelemetry.proto.common.v1.AnyValue", "{}");

        assertThat(OtlpTemplate.value(none, 5, List.of())).isNull();
    }

    @Test
    void attributesOfTheResourceStayAsTheyAre() throws Exception {
        ProtoWriter out = new ProtoWriter();
        OtlpTemplate.literal(out, list("""
                values:
                - {key: s, value: {string_value: "%REQ(:PATH)%"}}
                - {key: b, value: {bool_value: false}}
                - {key: i, value: {int_value: -7}}
                - {key: d, value: {double_value: 1.5}}
                - {key: bytes, value: {bytes_value: "AP8="}}
                - {key: l, value: {array_value: {values: [{string_value: x}, {kvlist_value: {values: [{key: z, value: {int_value: 1}}]}}]}}}
                - {key: none}
                """), 1);

        KeyValueList made = KeyValueList.parseFrom(out.toByteArray());
        assertThat(made.getValues(0).getValue().getStringValue()).isEqualTo("%REQ(:PATH)%");
        assertThat(made.getValues(1).getValue().hasBoolValue()).isTrue();
        assertThat(made.getValues(2).getValue().getIntValue()).isEqualTo(-7);
        assertThat(made.getValues(3).getValue().getDoubleValue()).isEqualTo(1.5);
        assertThat(made.getValues(4).getValue().getBytesValue().toByteArray()).containsExactly(0, 255);
        assertThat(made.getValues(5)
                        .getValue()
                        .getArrayValue()
                        .getValues(1)
                        .getKvlistValue()
                        .getValuesCount())
                .isEqualTo(1);
        assertThat(made.getValues(6).hasValue()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            '',             0
            0a020803,       3
            0a0412027878,   0
            1201610a02080a, 10
            0a020863,       10
            0a0bff,         0
            0a0b08ffffffffffffffffff01, 0
            """)
    void rejectedEntriesAreThoseOfTheAnswer(String answer, int rejected) {
        assertThat(OtlpLogger.rejected(HexFormat.of().parseHex(answer), 10)).isEqualTo(rejected);
    }
}
