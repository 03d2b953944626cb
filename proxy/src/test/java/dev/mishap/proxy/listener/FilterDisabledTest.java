package dev.mishap.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilterDisabledTest {
    private static final String TEN = "{destination_port_range: {start: 10, end: 20}}";
    private static final String FIFTEEN = "{destination_port_range: {start: 15, end: 25}}";

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    TEN                                    | 9  | false
                    TEN                                    | 10 | true
                    TEN                                    | 19 | true
                    TEN                                    | 20 | false
                    {any_match: true}                      | -1 | true
                    {not_match: TEN}                       | 10 | false
                    {not_match: TEN}                       | 9  | true
                    {or_match: {rules: [TEN, FIFTEEN]}}    | 24 | true
                    {or_match: {rules: [TEN, FIFTEEN]}}    | 25 | false
                    {and_match: {rules: [TEN, FIFTEEN]}}   | 14 | false
                    {and_match: {rules: [TEN, FIFTEEN]}}   | 15 | true
                    {and_match: {rules: [TEN, FIFTEEN]}}   | -1 | false
                    """)
    void portsAreMatched(String predicate, int port, boolean disabled) {
        String yaml =
                predicate.replace("TEN", TEN).replace("FIF" + TEN, FIFTEEN).replace("FIFTEEN", FIFTEEN);
        assertThat(FilterDisabled.predicate(ConfigReader.checkedYaml(
                                "envoy.config.listener.v3.ListenerFilterChainMatchPredicate", yaml))
                        .test(port))
                .isEqualTo(disabled);
    }
}
