package dev.mishap.proxy.filter.http.customresponse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.common.matching.MatchTree;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CustomResponseFilterTest {
    private final FakeHttpStream stream = new FakeHttpStream();

    private static LocalResponsePolicy policy(String yaml) {
        return LocalResponsePolicy.from(ConfigReader.checkedYaml(LocalResponsePolicy.TYPE, yaml));
    }

    private static CustomResponseExtension.Policies policies(String input, String value, LocalResponsePolicy policy) {
        String tree =
                "matcher_list: {matchers: [{predicate: {single_predicate: {input: {name: i, typed_config: {'@type':"
                        + " type.googleapis.com/envoy.type.matcher.v3." + input + "}}, value_match: {exact: '" + value
                        + "'}}}, on_match: {action: {name: a, typed_config: {'@type': type.googleapis.com/"
                        + LocalResponsePolicy.TYPE + "}}}}]}";
        return new CustomResponseExtension.Policies(MatchTree.from(
                ConfigReader.checkedYaml("xds.type.matcher.v3.Matcher", tree), ResponseInput::from, action -> policy));
    }

    private static CustomResponseExtension.Policies on(String status, String body) {
        return policies("HttpResponseStatusCodeMatchInput", status, policy("body: {inline_string: " + body + "}"));
    }

    /** The body that the response gets, or null when it stays. */
    private @Nullable String answer(CustomResponseExtension.Policies own, String status, String... headers) {
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, status);
        for (int i = 0; i < headers.length; i += 2) {
            response.add(HeaderName.of(headers[i]), headers[i + 1]);
        }
        stream.responseHeaders = response;
        stream.reply = null;
        Flow flow = new CustomResponseFilter("cr", own).onResponseHeaders(stream, response, false);
        assertThat(flow).isEqualTo(stream.reply == null ? Flow.CONTINUE : Flow.PAUSE);
        return stream.reply == null ? null : stream.reply.body();
    }

    @ParameterizedTest
    @CsvSource({
        "HttpResponseStatusCodeMatchInput, 404, 404, true",
        "HttpResponseStatusCodeMatchInput, 404, 405, false",
        "HttpResponseStatusCodeClassMatchInput, 4xx, 499, true",
        "HttpResponseStatusCodeClassMatchInput, 4xx, 500, false",
        "HttpResponseStatusCodeClassMatchInput, 5xx, 599, true",
        "HttpResponseStatusCodeClassMatchInput, 6xx, 600, false"
    })
    void statusesAreMatched(String input, String value, String status, boolean matches) {
        assertThat(answer(policies(input, value, policy("body: {inline_string: b}")), status))
                .isEqualTo(matches ? "b" : null);
    }

    @Test
    void theHeadersOfARequestThatNoFilterSawMatchNothing() {
        CustomResponseExtension.Policies own =
                policies("HttpRequestHeaderMatchInput, header_name: x-a", "1", policy("body: {inline_string: b}"));
        stream.header("x-a", "1");

        assertThat(answer(own, "400")).isEqualTo("b");
        stream.accepted = false;
        assertThat(answer(own, "400")).isNull();
    }

    @Test
    void headersOfTheResponseAreMatchedJoined() {
        CustomResponseExtension.Policies own =
                policies("HttpResponseHeaderMatchInput, header_name: x-a", "1,2", policy("body: {inline_string: b}"));

        assertThat(answer(own, "200", "x-a", "1", "x-a", "2")).isEqualTo("b");
        assertThat(answer(own, "200", "x-a", "1")).isNull();
    }

    @Test
    void theLevelOfTheRouteIsAskedFirst() {
        stream.routedTo("c");
        stream.perFilterConfigs.put("cr", on("404", "route"));

        assertThat(answer(on("404", "own"), "404")).isEqualTo("route");
        assertThat(answer(on("500", "own"), "500")).isEqualTo("own");
        assertThat(answer(on("500", "own"), "200")).isNull();
    }

    @Test
    void formatsSeeTheResponseThatIsReplaced() {
        stream.info().responseCode = 404;
        LocalResponsePolicy policy = policy("""
                status_code: 499
                body: {inline_string: text}
                body_format: {text_format_source: {inline_string: "%LOCAL_REPLY_BODY% %RESPONSE_CODE% %RESP(X-A)%"}}
                response_headers_to_add: [{header: {key: x-b, value: "%RESPONSE_CODE%"}}]
                """);

        assertThat(answer(policies("HttpResponseStatusCodeMatchInput", "404", policy), "404", "x-a", "1"))
                .isEqualTo("text 404 1");
        assertThat(stream.reply.status()).isEqualTo(499);
        HeaderMap made = new HeaderMap();
        stream.reply.headers().apply(made);
        assertThat(made.get(HeaderName.of("x-b"))).isEqualTo("404");
    }
}
