package dev.mishap.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.rules.XxHash64;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HashPolicyTest {
    private final FakeHttpStream stream = new FakeHttpStream();
    private final List<String> cookies = new ArrayList<>();

    private @Nullable Long hash(String policies) {
        return HashPolicy.from(ConfigReader.checkedYaml(
                                "envoy.config.route.v3.RouteAction", "{cluster: u, hash_policy: [" + policies + "]}")
                        .messages("hash_policy"))
                .hash(stream, cookies);
    }

    private static long of(String text) {
        return XxHash64.ofText(text);
    }

    private void header(String name, String value) {
        stream.requestHeaders().set(HeaderName.of(name), value);
    }

    @Test
    void partsAreCombinedSoThatTheirOrderMatters() {
        header("x-a", "1");
        header("x-b", "2");
        String a = "{header: {header_name: x-a}}";
        String b = "{header: {header_name: x-b}}";
        assertThat(hash(a)).isEqualTo(of("1"));
        assertThat(hash(a + "," + b)).isEqualTo(Long.rotateLeft(of("1"), 1) ^ of("2"));
        assertThat(hash(a + "," + a)).isNotEqualTo(0L);
        assertThat(hash("{header: {header_name: x-none}}," + b)).isEqualTo(of("2"));
        assertThat(hash("{header: {header_name: x-none}}")).isNull();
    }

    @Test
    void aTerminalPartThatHasAValueEndsTheSearch() {
        header("x-a", "1");
        String rest = ", terminal: true}, {query_parameter: {name: q}}";
        header(":path", "/p?q=7#f");
        assertThat(hash("{header: {header_name: x-a}" + rest)).isEqualTo(of("1"));
        assertThat(hash("{header: {header_name: x-none}" + rest)).isEqualTo(of("7"));
    }

    @Test
    void aHeaderCanBeRewrittenFirst() {
        header("x-a", "user-77");
        assertThat(
                        hash(
                                "{header: {header_name: x-a, regex_rewrite: {pattern: {regex: 'user-(.*)'}, substitution: '\\1'}}}"))
                .isEqualTo(of("77"));
    }

    @Test
    void aCookieIsReadOrMade() {
        header("cookie", "a=1; sticky=\"x y\"; b=2");
        assertThat(hash("{cookie: {name: sticky, ttl: 60s}}")).isEqualTo(of("x y"));
        assertThat(cookies).isEmpty();
        assertThat(hash("{cookie: {name: other}}")).isNull();
        stream.info().downstreamDirectRemoteAddress = new InetSocketAddress("10.0.0.1", 1000);
        stream.info().downstreamLocalAddress = new InetSocketAddress("10.0.0.2", 80);
        assertThat(hash("{cookie: {name: other, ttl: 60s, path: /p, attributes: [{name: SameSite, value: Strict}]}}"))
                .isNotNull();
        assertThat(cookies)
                .singleElement()
                .asString()
                .matches("other=\"[0-9a-f]{16}\"; Max-Age=60; Path=/p; SameSite=Strict; HttpOnly");
    }

    @Test
    void theClientsAddressIsUsed() {
        stream.info().downstreamRemoteAddress = new InetSocketAddress("10.1.2.3", 5);
        assertThat(hash("{connection_properties: {source_ip: true}}")).isEqualTo(of("10.1.2.3"));
    }
}
