package dev.mishap.proxy.filter.network.hcm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScopeKeyTest {
    @ParameterizedTest
    @CsvSource({
        "'index: 1, element_separator: \",\"', 'a,two', two",
        "'index: 1, element_separator: \",\"', 'one', ",
        "'index: 1, element_separator: \",\"', 'one,', ''",
        "'element_separator: ;, element: {separator: =, key: k}', 'a=b;k=one', one",
        "'element_separator: ;, element: {separator: =, key: k}', 'k=two;k=one', two",
        "'element_separator: ;, element: {separator: =, key: k}', 'k==one', '=one'",
        "'element_separator: ;, element: {separator: =, key: k}', 'k', ''",
        "'element_separator: ;, element: {separator: =, key: k}', 'kk=one', "
    })
    void aKeyIsAnElementOfAHeader(String extractor, String header, String expected) {
        ScopeKey key = new ScopeKey(ConfigReader.checkedYaml(
                "envoy.extensions.filters.network.http_connection_manager.v3.ScopedRoutes.ScopeKeyBuilder",
                "fragments: [{header_value_extractor: {name: x-sc, " + extractor + "}}]"));
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.of("x-sc"), header);

        assertThat(key.of(headers)).isEqualTo(expected == null ? null : List.of(expected));
    }
}
