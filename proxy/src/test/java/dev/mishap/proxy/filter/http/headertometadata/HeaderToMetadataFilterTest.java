package dev.mishap.proxy.filter.http.headertometadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.headertometadata.MetadataValue.Form;
import dev.mishap.proxy.filter.http.headertometadata.MetadataValue.Type;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.proto.ProtoWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeaderToMetadataFilterTest {
    private final FakeHttpStream stream = new FakeHttpStream().routedTo("c");

    private static MetadataRules rules(String yaml) {
        return MetadataRules.from(ConfigReader.checkedYaml(MetadataRules.FILTER, yaml));
    }

    private HeaderToMetadataFilter filter(String yaml) {
        HeaderToMetadataFilter filter = new HeaderToMetadataFilter("h", rules(yaml));
        filter.onRequestHeaders(stream, stream.requestHeaders, true);
        return filter;
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "-1.5e2, -150",
        "' 7 ', 7",
        "0x10, 16",
        "-0x1p4, -16",
        "inf, Infinity",
        "1d, ",
        "0x, ",
        "e, ",
        "'1,2', ",
        "1 2, ",
        "abc, ",
        "--5, "
    })
    void numbersAreReadAsCReadsThem(String text, Double number) {
        assertThat(MetadataValue.of(text, new Form(Type.NUMBER, false))).isEqualTo(number);
    }

    @Test
    void aValueMayBeOfAnyKind() {
        byte[] value =
                new ProtoWriter().value(1, Map.of("k", List.of(1.0, "x", true))).toByteArray();
        String text = Base64.getEncoder().encodeToString(java.util.Arrays.copyOfRange(value, 2, value.length));

        assertThat(MetadataValue.of(text, new Form(Type.PROTOBUF_VALUE, true)))
                .isEqualTo(Map.of("k", List.of(1.0, "x", true)));
    }

    @Test
    void noBytesDoMoreThanBeLeftOut() {
        Random random = new Random(3);
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = new byte[random.nextInt(30)];
            random.nextBytes(bytes);
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            for (Type type : Type.values()) {
                MetadataValue.of(text, new Form(type, random.nextBoolean()));
            }
        }
    }

    @Test
    void aTextThatIsTooLongIsLeftOut() {
        assertThat(MetadataValue.of("x".repeat(8191), new Form(Type.STRING, false)))
                .isNotNull();
        assertThat(MetadataValue.of("x".repeat(8192), new Form(Type.STRING, false)))
                .isNull();
    }

    @Test
    void aHeaderBecomesMetadataAndGoesNoFurther() {
        stream.header("x-a", "1", "x-a", "2");

        filter("request_rules: [{header: x-a, on_header_present: {key: a}, remove: true}]");

        assertThat(stream.info().dynamicMetadata("envoy.filters.http.header_to_metadata"))
                .isEqualTo(Map.of("a", "1,2"));
        assertThat(stream.requestHeaders.contains(HeaderName.of("x-a"))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"'c0=1; c=v; c=2', v", "'c=\"q\"', q", "c=, none", "d=1, none", "xc=1, none"})
    void aCookieIsLookedFor(String cookies, String value) {
        stream.header("cookie", cookies);

        filter("request_rules: [{cookie: c, on_header_present: {metadata_namespace: ns, key: k},"
                + " on_header_missing: {metadata_namespace: ns, key: k, value: none}}]");

        assertThat(stream.info().dynamicMetadata("ns")).isEqualTo(Map.of("k", value));
    }

    @Test
    void aRouteReplacesAllRules() {
        stream.header("x-a", "1");
        stream.perFilterConfigs.put(
                "h", rules("response_rules: [{header: x-r, on_header_present: {metadata_namespace: ns, key: r}}]"));
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.of("x-r"), "2");

        filter("request_rules: [{header: x-a, on_header_present: {metadata_namespace: ns, key: a}}]")
                .onResponseHeaders(stream, response, true);

        assertThat(stream.info().dynamicMetadata("ns")).isEqualTo(Map.of("r", "2"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "header: a | header to metadata filter: rule for header 'a' has neither `on_header_present` nor"
                        + " `on_header_missing` set",
                "on_header_present: {key: a} | One of Cookie or Header option needs to be specified",
                "header: a, cookie: c, on_header_present: {key: a} | Cannot specify both header and cookie in the same rule",
                "cookie: c, remove: true, on_header_present: {key: a} | Cannot specify remove for cookie",
                "header: a, on_header_missing: {key: a} | Cannot specify on_header_missing rule with an empty value"
            })
    void mistakesAreToldInEnvoysWords(String rule, String problem) {
        assertThatThrownBy(() -> rules("request_rules: [{" + rule + "}]"))
                .isInstanceOf(ConfigException.class)
                .hasMessage(problem);
    }
}
