package dev.mishap.proxy.filter.http.apikeyauth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiKeyAuthFilterTest {
    private static final String PACKAGE = "envoy.extensions.filters.http.api_key_auth.v3.";
    private static final String KEYS = "credentials: [{key: k1, client: c1}, {key: k2, client: c2}]\n";
    private static final String SOURCES =
            "key_sources: [{header: authorization}, {header: x-key}, {query: key}, {cookie: ck}]\n";

    private final StatsStore stats = new StatsStore();
    private final FakeHttpStream stream = new FakeHttpStream();

    private static ApiKeys keys(String yaml) {
        return ApiKeys.from(ConfigReader.checkedYaml(PACKAGE + "ApiKeyAuth", yaml));
    }

    private Flow send(String yaml) {
        ApiKeyAuthFilter filter = new ApiKeyAuthFilter(new ApiKeyAuthFilter.Config(
                "a", keys(yaml), stats.counter("ok"), stats.counter("unauthorized"), stats.counter("forbidden")));
        return filter.onRequestHeaders(stream, stream.requestHeaders(), true);
    }

    private String details() {
        return Objects.requireNonNull(stream.reply).details();
    }

    @ParameterizedTest
    @CsvSource({
        "/, authorization, Bearer k1",
        "/, x-key, k2",
        "/?a=b&key=k%31, x, y",
        "/, cookie, a=b; ck=\"k1\"",
        "/?key=bad, x-key, k1"
    })
    void theFirstPlaceThatHasAKeyCounts(String path, String header, String value) {
        stream.path(path).header(header, value);

        assertThat(send(KEYS + SOURCES)).isEqualTo(Flow.CONTINUE);
        assertThat(stats.counter("ok").value()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"x-key, bad, unknown_api_key", "x-key, '', missing_api_key", "authorization, bearer k1, unknown_api_key"
    })
    void whoeverHasNoKeyIsToldWhy(String header, String value, String details) {
        stream.header(header, value);

        assertThat(send(KEYS + SOURCES)).isEqualTo(Flow.PAUSE);
        assertThat(details()).isEqualTo(details);
        assertThat(stats.counter("unauthorized").value()).isEqualTo(1);
    }

    @Test
    void aRouteMayBeForSomeClientsOnly() {
        stream.header("x-key", "k1");
        stream.perFilterConfigs.put(
                "a",
                ApiKeys.fromRoute(ConfigReader.checkedYaml(PACKAGE + "ApiKeyAuthPerRoute", "allowed_clients: [c2]")));

        assertThat(send(KEYS + SOURCES)).isEqualTo(Flow.PAUSE);
        assertThat(details()).isEqualTo("client_not_allowed");
        assertThat(stats.counter("forbidden").value()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"/?key=k1&a=b, /?a=b, ''", "/?key=k1&a=%0d%0ax-evil:1, , reply 503", "/?key=k1&%00=1, , reply 503"})
    void whatIsLeftOfAQueryWithoutItsKeyIsARequestLine(String target, @Nullable String left, String answer) {
        stream.path(target);

        Flow flow = send(KEYS + SOURCES + "forwarding: {hide_credentials: true}");

        if (left == null) {
            assertThat(flow).isEqualTo(Flow.PAUSE);
            assertThat(stream.events).containsExactly(answer);
            assertThat(stream.info().hasFlag(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR))
                    .isTrue();
        } else {
            assertThat(flow).isEqualTo(Flow.CONTINUE);
            assertThat(stream.requestHeaders().get(HeaderName.PATH)).isEqualTo(left);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'credentials: [{key: k, client: a}, {key: k, client: b}]', Duplicated credential key: 'k'",
        "'key_sources: [{}]', One of 'header'/'query'/'cookie' must be set."
    })
    void whatCanNotBeMeantIsRefused(String yaml, String message) {
        assertThatThrownBy(() -> keys(yaml)).hasMessageContaining(message);
    }
}
