package dev.mishap.proxy.filter.http.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.extproc.HeaderChanges.Of;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeaderChangesTest {
    private final Counter rejected = new StatsStore().counter("rejected");
    private final HeaderMap headers = new HeaderMap();

    @BeforeEach
    void aRequest() {
        headers.add(HeaderName.METHOD, "GET");
        headers.add(HeaderName.AUTHORITY, "host.example");
        headers.add(HeaderName.of("x-a"), "old");
    }

    private static MutationRules rules(String yaml) {
        return MutationRules.from(
                ConfigReader.checkedYaml("envoy.config.common.mutation_rules.v3.HeaderMutationRules", yaml));
    }

    private static ConfigNode mutation(String yaml) {
        return ConfigReader.checkedYaml("envoy.service.ext_proc.v3.HeaderMutation", yaml);
    }

    private static String set(String name, String value, String more) {
        String raw = Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.ISO_8859_1));
        return "set_headers: [{header: {key: \"" + name + "\", raw_value: \"" + raw + "\"}" + more + "}]";
    }

    private @Nullable String apply(String yaml, MutationRules rules) {
        return HeaderChanges.apply(mutation(yaml), headers, Of.REQUEST, rules, rejected);
    }

    @ParameterizedTest
    @CsvSource({
        "'', new",
        "', append: true', old",
        "', append_action: OVERWRITE_IF_EXISTS', new",
        "', append_action: ADD_IF_ABSENT', new"
    })
    void aHeaderIsSetUnlessItIsAppended(String more, String first) {
        assertThat(apply(set("X-A", "new", more), MutationRules.DEFAULT)).isNull();

        assertThat(headers.get(HeaderName.of("x-a"))).isEqualTo(first);
        assertThat(headers.value(headers.size() - 1)).isEqualTo("new");
    }

    @ParameterizedTest
    @CsvSource({
        "'', :method, false",
        "'', host, false",
        "'', :path, true",
        "'', x-envoy-a, false",
        "'', x-b, true",
        "allow_all_routing: true, host, true",
        "allow_envoy: true, x-envoy-a, true",
        "disallow_system: true, :path, false",
        "disallow_all: true, x-b, false",
        "'{disallow_all: true, allow_expression: {regex: x-b}}', x-b, true",
        "'disallow_expression: {regex: x-b}', x-b, false"
    })
    void rulesSayWhatMayBeSet(String yaml, String name, boolean may) {
        MutationRules rules = yaml.isEmpty() ? MutationRules.DEFAULT : rules(yaml);

        assertThat(apply(set(name, "v", ""), rules)).isNull();
        assertThat(rejected.value()).isEqualTo(may ? 0 : 1);
    }

    @ParameterizedTest
    @CsvSource({"x-a, 0", "X-A, 0", "host, 1", ":method, 1"})
    void whatARequestNeedsStays(String name, int counted) {
        assertThat(apply("remove_headers: [\"" + name + "\"]", MutationRules.DEFAULT))
                .isNull();

        assertThat(rejected.value()).isEqualTo(counted);
        assertThat(headers.size()).isEqualTo(counted == 0 ? 2 : 3);
    }

    @Test
    void whatNoHeaderCanHoldIsAnError() {
        assertThat(apply(set("x b", "v", ""), MutationRules.DEFAULT))
                .isEqualTo("header_mutation_set_contains_invalid_character");
        assertThat(apply(set("x-b", "a\u0001", ""), MutationRules.DEFAULT))
                .isEqualTo("header_mutation_set_contains_invalid_character");
        assertThat(apply("remove_headers: [x b]", MutationRules.DEFAULT))
                .isEqualTo("header_mutation_remove_contains_invalid_character");
    }

    @Test
    void rulesMayMakeErrorsOfTheirBreach() {
        assertThat(apply(set(":method", "POST", ""), rules("disallow_is_error: true")))
                .isEqualTo("header_mutation_set_headers_failed");
        assertThat(headers.get(HeaderName.METHOD)).isEqualTo("GET");
    }

    @Test
    void framingIsNotTheServicesAffair() {
        assertThat(apply(set("transfer-encoding", "chunked", ""), MutationRules.DEFAULT))
                .isNull();

        assertThat(headers.contains(HeaderName.TRANSFER_ENCODING)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"201, 201", "99, 200", "abc, 200"})
    void aResponsesStatusStaysOne(String given, String then) {
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, "200");

        HeaderChanges.apply(
                mutation(set(":status", given, "")), response, Of.RESPONSE, MutationRules.DEFAULT, rejected);

        assertThat(response.get(HeaderName.STATUS)).isEqualTo(then);
    }

    @Test
    void thereIsOneAuthority() {
        assertThat(apply(set("host", "other.example", ", append: true"), rules("{allow_all_routing: true}")))
                .isNull();

        assertThat(headers.get(HeaderName.AUTHORITY)).isEqualTo("other.example");
        assertThat(headers.size()).isEqualTo(3);
    }

    @Test
    void aHeaderHasAName() {
        ConfigNode nameless = ConfigReader.lenient()
                .binary("envoy.service.ext_proc.v3.HeaderMutation", new byte[] {10, 5, 10, 3, 0x1a, 1, 'a'}, "");

        assertThat(HeaderChanges.apply(nameless, headers, Of.REQUEST, MutationRules.DEFAULT, rejected))
                .isNull();

        assertThat(headers.size()).isEqualTo(3);
    }
}
