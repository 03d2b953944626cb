package dev.mishap.proxy.route.match;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryParameterMatcherTest {
    private static final List<String> TARGETS = List.of(
            "",
            "?",
            "?q",
            "?q=",
            "?q=1",
            "?q=2&q=1",
            "?q=1&q=2",
            "?x=1&q=1",
            "?q=a",
            "?q=a%20b",
            "?q=a+b",
            "?Q=1",
            "?%71=1",
            "?q=1;x=2",
            "?q=1=1",
            "?a?q=1",
            "?&q=1",
            "?x&q=1",
            "?x=q=1");

    /** Recorded from Envoy 1.40. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "string_match: {exact: '1'}   | ?q=1 ?q=1&q=2 ?x=1&q=1 ?&q=1 ?x&q=1",
                "present_match: true          | ?q ?q= ?q=1 ?q=2&q=1 ?q=1&q=2 ?x=1&q=1 ?q=a ?q=a%20b ?q=a+b ?q=1;x=2 ?q=1=1 ?&q=1 ?x&q=1",
                "present_match: false         | none ? ?Q=1 ?%71=1 ?a?q=1 ?x=q=1",
                "''                           | ?q ?q= ?q=1 ?q=2&q=1 ?q=1&q=2 ?x=1&q=1 ?q=a ?q=a%20b ?q=a+b ?q=1;x=2 ?q=1=1 ?&q=1 ?x&q=1",
                "string_match: {exact: ''}    | ?q ?q=",
                "string_match: {exact: A, ignore_case: true} | ?q=a",
            })
    void matchesWhatEnvoyMatches(String fields, String expected) {
        List<QueryParameterMatcher> matchers = List.of(QueryParameterMatcher.from(ConfigReader.checkedYaml(
                "envoy.config.route.v3.QueryParameterMatcher",
                "{name: q" + (fields.equals("''") || fields.isEmpty() ? "" : ", " + fields) + "}")));
        Stream<String> taken = TARGETS.stream().filter(query -> {
            HeaderMap headers = new HeaderMap();
            headers.add(HeaderName.PATH, "/ab" + query);
            return QueryParameterMatcher.allMatch(matchers, headers, 0, 3);
        });
        assertThat(taken.map(q -> q.isEmpty() ? "none" : q).collect(Collectors.joining(" ")))
                .isEqualTo(expected);
    }
}
