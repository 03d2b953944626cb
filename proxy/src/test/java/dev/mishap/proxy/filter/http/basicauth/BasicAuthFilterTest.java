package dev.mishap.proxy.filter.http.basicauth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BasicAuthFilterTest {
    /** Of the password "test1". */
    private static final String LINE = "user1:{SHA}tESsBmE/yNY3lb6a0L6vVQEZNqw=";

    private final StatsStore stats = new StatsStore();
    private final FakeHttpStream stream = new FakeHttpStream();

    private static Users users(String lines) {
        return Users.from(
                ConfigReader.checkedYaml("envoy.config.core.v3.DataSource", "inline_string: \"" + lines + '"'));
    }

    private Flow send() {
        BasicAuthFilter filter = new BasicAuthFilter(new BasicAuthFilter.Config(
                "ba",
                users(LINE),
                HeaderName.of("authorization"),
                HeaderName.of("x-user"),
                false,
                false,
                null,
                stats.counter("allowed"),
                stats.counter("denied")));
        return filter.onRequestHeaders(stream, stream.requestHeaders(), true);
    }

    @Test
    void whoeverSaysNameAndPasswordMayPass() {
        stream.header("authorization", "Basic dXNlcjE6dGVzdDE=");

        assertThat(send()).isEqualTo(Flow.CONTINUE);
        assertThat(stream.requestHeaders().get(HeaderName.of("x-user"))).isEqualTo("user1");
        assertThat(stats.counter("allowed").value()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "none, no_credential_for_basic_auth",
                "Bearer x, invalid_scheme_for_basic_auth",
                "basic dXNlcjE6dGVzdDE=, invalid_scheme_for_basic_auth",
                "Basic !!!, invalid_format_for_basic_auth",
                "Basic dXNlcjE=, invalid_format_for_basic_auth",
                "Basic dXNlcjE6YmFk, invalid_credential_for_basic_auth",
                "Basic bm9ib2R5OnRlc3Qx, invalid_credential_for_basic_auth"
            })
    void anybodyElseIsToldWhy(String credentials, String details) {
        if (credentials != null) {
            stream.header("authorization", credentials);
        }

        assertThat(send()).isEqualTo(Flow.PAUSE);
        LocalReply reply = Objects.requireNonNull(stream.reply);
        assertThat(reply.status()).isEqualTo(401);
        assertThat(reply.details()).isEqualTo(details);
        HeaderMap headers = new HeaderMap();
        Objects.requireNonNull(reply.headers()).apply(headers);
        assertThat(headers.get(HeaderName.of("www-authenticate"))).isEqualTo("Basic realm=\"http://test/\"");
        assertThat(stats.counter("denied").value()).isEqualTo(1);
    }

    @Test
    void usersOfTheRouteStandInForTheFilters() {
        stream.header("authorization", "Basic dXNlcjE6dGVzdDE=");
        stream.perFilterConfigs.put(
                "ba", new BasicAuthFilter.PerRoute(users("other:{SHA}tESsBmE/yNY3lb6a0L6vVQEZNqw="), null));

        assertThat(send()).isEqualTo(Flow.PAUSE);
    }

    @ParameterizedTest
    @CsvSource({
        "user1, invalid htpasswd format",
        "'user1:', empty user name",
        "'user1:plain', unsupported htpasswd format",
        "'user1:{SHA}short', invalid SHA hash length",
        "'user1:{SHA}tESsBmE/yNY3lb6a0L6vVQEZNqw=\\nuser1:{SHA}tESsBmE/yNY3lb6a0L6vVQEZNqw=', duplicate users"
    })
    void linesThatSayNothingAreRefused(String lines, String message) {
        assertThatThrownBy(() -> users(lines))
                .hasMessageContaining("basic auth: ")
                .hasMessageContaining(message);
    }
}
