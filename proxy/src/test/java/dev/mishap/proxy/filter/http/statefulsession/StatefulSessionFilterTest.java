package dev.mishap.proxy.filter.http.statefulsession;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.http.statefulsession.StatefulSessionFilter.Settings;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatefulSessionFilterTest {
    private static final HeaderName SET_COOKIE = HeaderName.of("set-cookie");
    private final FakeHttpStream stream = new FakeHttpStream();

    private static CookieSession cookie(long ttl, String path) {
        return new CookieSession("sid", ttl, path, "; HttpOnly", () -> 1000);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private HeaderMap answer(SessionState state, boolean strict, @Nullable String host, int port) {
        StatefulSessionFilter filter = new StatefulSessionFilter("s", new Settings(state, strict, 404, null));
        filter.onRequestHeaders(stream, stream.requestHeaders(), true);
        stream.info().upstreamHost = host == null ? null : new InetSocketAddress(host, port);
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, "503");
        filter.onResponseHeaders(stream, response, true);
        return response;
    }

    @Test
    void aClientWithoutASessionIsGivenTheEndpointThatAnswered() {
        HeaderMap response = answer(cookie(0, ""), false, "10.0.0.1", 80);

        assertThat(stream.info().overrideHost).isNull();
        assertThat(response.get(SET_COOKIE)).isEqualTo("sid=\"" + base64("\n\u000b10.0.0.1:80") + "\"; HttpOnly");
    }

    @Test
    void aSessionThatWasKeptIsNotGivenAgain() {
        stream.header("cookie", "a=b; sid=\"" + base64("\n\u000b10.0.0.1:80") + "\"");

        assertThat(answer(cookie(0, ""), false, "10.0.0.1", 80).contains(SET_COOKIE))
                .isFalse();
        assertThat(stream.info().overrideHost).isEqualTo("10.0.0.1:80");
    }

    @ParameterizedTest
    @CsvSource({
        // \020 is the field of the second when it is over, which is compared with second 1000
        "'\n\u000b10.0.0.1:80\u0010\u00e8\u0007', 10.0.0.1:80", "'\n\u000b10.0.0.1:80\u0010\u0001', ",
        "127.0.0.1:46053, 127.0.0.1:46053", "'\u0010\u0001', "
    })
    void whatACookieSays(String bytes, @Nullable String address) {
        stream.header("cookie", "sid=" + base64(bytes));

        assertThat(cookie(0, "").address(stream.requestHeaders())).isEqualTo(address);
    }

    @Test
    void base64EndsWithItsPadding() {
        String whole = base64("\n\u000b10.0.0.1:80");
        assertThat(cookie(0, "")
                        .address(new FakeHttpStream()
                                .header("cookie", "sid=" + whole)
                                .requestHeaders()))
                .isEqualTo("10.0.0.1:80");

        stream.header("cookie", "sid=" + whole.replace("=", ""));
        assertThat(cookie(0, "").address(stream.requestHeaders())).isNull();
    }

    @ParameterizedTest
    @CsvSource({"/p, true", "/p/x, true", "/p?q, true", "/px, false", "/, false"})
    void aCookieIsOfItsPathAlone(String path, boolean covers) {
        stream.path(path);

        assertThat(cookie(0, "/p").covers(stream.requestHeaders())).isEqualTo(covers);
    }

    @Test
    void whoeverWillHaveNoOtherEndpointIsToldThatItIsGone() {
        stream.header("x-s", base64("10.0.0.1:80"));

        HeaderMap response = answer(new HeaderSession(HeaderName.of("x-s")), true, null, 0);
        assertThat(stream.info().overrideHostStrict).isTrue();
        assertThat(response.get(HeaderName.STATUS)).isEqualTo("404");
    }
}
