package dev.mishap.proxy.http.h2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.junit.jupiter.api.Test;

class ExtendedConnectTest {
    private static HeaderMap map(String... pairs) {
        HeaderMap h = new HeaderMap();
        for (int i = 0; i < pairs.length; i += 2) {
            h.add(HeaderName.of(pairs[i]), pairs[i + 1]);
        }
        return h;
    }

    private static String lines(HeaderMap h) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < h.size(); i++) {
            s.append(h.name(i)).append('=').append(h.value(i)).append(' ');
        }
        return s.toString().trim();
    }

    @Test
    void extendedConnectBecomesAnUpgrade() {
        HeaderMap h = map(":method", "CONNECT", ":protocol", "WebSocket", ":path", "/ws");
        assertThat(ExtendedConnect.requestFromClient(h)).isTrue();
        assertThat(lines(h)).isEqualTo(":method=GET :path=/ws upgrade=WebSocket connection=upgrade");
    }

    @Test
    void otherRequestsStayWhatTheyAre() {
        for (HeaderMap h : new HeaderMap[] {
            map(":method", "CONNECT", ":authority", "a:80"),
            map(":method", "CONNECT", ":protocol", "bytestream", ":path", "/"),
            map(":method", "GET", ":path", "/")
        }) {
            String before = lines(h);
            assertThat(ExtendedConnect.requestFromClient(h)).isFalse();
            assertThat(lines(h)).isEqualTo(before);
        }
    }

    @Test
    void anUpgradeBecomesExtendedConnectAndLeavesTheRequestAlone() {
        HeaderMap h = map(
                ":method",
                "GET",
                ":path",
                "/ws",
                "connection",
                "keep-alive, Upgrade",
                "upgrade",
                "websocket",
                "content-length",
                "0");
        HeaderMap sent = ExtendedConnect.requestToUpstream(h);
        assertThat(lines(sent)).isEqualTo(":method=CONNECT :path=/ws :protocol=websocket");
        assertThat(h.get(HeaderName.METHOD)).isEqualTo("GET");
        assertThat(ExtendedConnect.type(h)).isEqualTo("websocket");
    }

    @Test
    void aConnectHasNeitherPathNorScheme() {
        HeaderMap h = map(":method", "CONNECT", ":authority", "a:80", ":path", "/", ":scheme", "http");
        assertThat(lines(ExtendedConnect.requestToUpstream(h))).isEqualTo(":method=CONNECT :authority=a:80");
        HeaderMap plain = map(":method", "GET", "upgrade", "websocket");
        assertThat(ExtendedConnect.requestToUpstream(plain)).isSameAs(plain);
    }

    @Test
    void answersAreTranslatedBothWays() {
        HeaderMap fromUpstream = map(":status", "200", "x", "y");
        ExtendedConnect.responseFromUpstream(fromUpstream, "websocket");
        assertThat(lines(fromUpstream)).isEqualTo(":status=101 x=y upgrade=websocket connection=upgrade");
        assertThat(lines(ExtendedConnect.responseToClient(fromUpstream))).isEqualTo(":status=200 x=y");
        HeaderMap denied = map(":status", "404");
        ExtendedConnect.responseFromUpstream(denied, "websocket");
        assertThat(lines(denied)).isEqualTo(":status=404");
        assertThat(ExtendedConnect.responseToClient(denied)).isSameAs(denied);
    }
}
