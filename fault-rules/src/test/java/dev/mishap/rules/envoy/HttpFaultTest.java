package dev.mishap.rules.envoy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.Pattern;
import dev.mishap.rules.RandomRules;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.yaml.DocumentText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpFaultTest {
    private static String filter(String line) {
        return DocumentText.jsonLine(HttpFault.filter(RuleLine.parse(line, "r")).get("typed_config"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "abort 503                        | \"abort\":{\"http_status\":503,\"percentage\":{\"numerator\":100,\"denominator\":\"HUNDRED\"}}",
                "abort grpc NOT_FOUND 0.0001%     | \"abort\":{\"grpc_status\":5,\"percentage\":{\"numerator\":1,\"denominator\":\"MILLION\"}}",
                "delay 1500ms 0%                  | \"delay\":{\"fixed_delay\":\"1.5s\",\"percentage\":{\"numerator\":0,\"denominator\":\"HUNDRED\"}}",
                "delay 100s                       | \"fixed_delay\":\"100s\"",
                "rate-limit 1MiB/s                | \"response_rate_limit\":{\"fixed_limit\":{\"limit_kbps\":1024}",
                "abort 500 on cluster u1          | \"upstream_cluster\":\"u1\"",
                "abort 500 when node = a,b        | \"downstream_nodes\":[\"a\",\"b\"]",
                "abort 500 max 7 concurrent       | \"max_active_faults\":7",
                "abort 500 experiment E           | \"filter_metadata\":{\"chaos.experiment.id\":\"E\"}",
                "abort 500 when method = GET      | {\"name\":\":method\",\"string_match\":{\"exact\":\"GET\"}}",
                "abort 500 when header x absent   | {\"name\":\"x\",\"present_match\":false}",
                "abort 500 when header x != a     | \"invert_match\":true,\"treat_missing_header_as_empty\":true",
            })
    void aRuleInEnvoysWords(String line, String expected) {
        assertThat(filter(line)).contains(expected);
    }

    /** Envoy tests {@code :path} with its query, we without. */
    @ParameterizedTest
    @CsvSource({
        "'= /a.b', /a.b?x=1, true",
        "'= /a.b', /a.b, true",
        "'= /a.b', /a.b/c, false",
        "'= /a.b', /aXb, false",
        "'$= /end', /the/end?q=/no, true",
        "'$= /end', /x?q=/end, false",
        "'*= mid', /a/mid/b?c, true",
        "'*= mid', /a/b?mid, false",
        "'~ /v[0-9]|/w', /v1?x, true",
        "'~ /v[0-9]|/w', /w/x, false",
    })
    void pathsAreTestedWithoutTheirQuery(String test, String path, boolean matches) {
        String json = filter("abort 500 when path " + test);
        String regex = json.replaceFirst(".*\"regex\":\"", "")
                .replaceFirst("\"}.*", "")
                .replace("\\\\", "\\");
        assertThat(Pattern.matches(regex, path)).as(regex).isEqualTo(matches);
    }

    @Test
    void everyRuleIsEitherWrittenOrRefusedByName() {
        int written = 0;
        for (int seed = 0; seed < 3000; seed++) {
            var rule = new RandomRules(seed).rule();
            if (HttpFault.inexpressible(rule).isEmpty()) {
                assertThat(HttpFault.filter(rule)).containsEntry("name", "mishap." + rule.name());
                written++;
            } else {
                assertThatThrownBy(() -> HttpFault.filter(rule)).hasMessageContaining("spec.");
            }
        }
        assertThat(written).isPositive();
    }
}
