package dev.mishap.proxy.filter.http.extauthz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.upstream.client.AsyncHttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class HttpCheckRequestTest {
    private static final String SERVICE = "http_service: {server_uri: {uri: 'http://a', cluster: c, timeout: 1s},"
            + " path_prefix: /check, authorization_request: {headers_to_add: [{key: x-added, value: '1'}]}}\n";
    private static final byte[] NO_BODY = {};

    private static ExtAuthzConfig config(String yaml) {
        return ExtAuthzConfig.from(ConfigReader.checkedYaml(ExtAuthzConfig.FILTER, SERVICE + yaml));
    }

    private final FakeHttpStream stream = new FakeHttpStream()
            .method("PUT")
            .path("/p?q")
            .header("authorization", "Basic z", "x-a", "1", "x-secret", "2", "cookie", "c", "content-length", "9");

    private AsyncHttpRequest request(ExtAuthzConfig config, Check.Question question) {
        return HttpCheckRequest.of(config, Objects.requireNonNull(config.http()), stream.requestHeaders(), question);
    }

    @Test
    void onlyAuthorizationIsToldUnlessMoreIsAskedFor() {
        AsyncHttpRequest request = request(config(""), new Check.Question(NO_BODY, false, false, Map.of()));

        assertThat(request.headers().toString())
                .isEqualTo("{:method=PUT, :scheme=http, :authority=test, :path=/check/p?q, authorization=Basic z,"
                        + " content-length=0, x-added=1}");
        assertThat(request.timeoutNanos()).isEqualTo(1_000_000_000);
    }

    @Test
    void headersAreChosenAndTheBodyIsTold() {
        ExtAuthzConfig config = config("allowed_headers: {patterns: [{prefix: x-}]}\n"
                + "disallowed_headers: {patterns: [{exact: x-secret}, {exact: authorization}]}");

        AsyncHttpRequest request =
                request(config, new Check.Question("hello".getBytes(StandardCharsets.US_ASCII), true, true, Map.of()));

        assertThat(request.headers().toString())
                .isEqualTo("{:method=PUT, :scheme=http, :authority=test, :path=/check/p?q, x-a=1, content-length=5,"
                        + " x-envoy-auth-partial-body=true, x-added=1}");
        assertThat(request.body()).hasSize(5);
    }
}
