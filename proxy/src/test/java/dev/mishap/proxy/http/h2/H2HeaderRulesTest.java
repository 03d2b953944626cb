package dev.mishap.proxy.http.h2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class H2HeaderRulesTest {
    private static final HeaderName ACCEPT = HeaderName.of("accept");
    private static final HeaderName OWN = HeaderName.of("x-own");

    /** However many lines there are between those that repeat a name. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 60, 200, 3000})
    void linesOfOneNameAreJoined(int between) {
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, "200");
        response.add(HeaderName.of("vary"), "a");
        response.add(OWN, "1");
        for (int i = 0; i < between; i++) {
            response.add(HeaderName.of("x-" + i), "v");
        }
        response.add(OWN, "2");
        response.add(HeaderName.of("vary"), "b");
        HeaderMap request = new HeaderMap();
        request.add(HeaderName.METHOD, "GET");
        request.add(HeaderName.SCHEME, "http");
        request.add(HeaderName.PATH, "/");
        request.add(HeaderName.AUTHORITY, "h");
        request.add(ACCEPT, "a");
        for (int i = 0; i < between; i++) {
            request.add(HeaderName.of("x-" + i), "v");
        }
        request.add(ACCEPT, "b");

        assertThat(H2HeaderRules.response(response)).isNull();
        assertThat(H2HeaderRules.request(request, false)).isNull();

        assertThat(response.get(HeaderName.of("vary"))).isEqualTo("a,b");
        assertThat(response.indexOf(OWN, response.indexOf(OWN) + 1)).isPositive();
        assertThat(response.size()).isEqualTo(between + 4);
        assertThat(request.get(ACCEPT)).isEqualTo("a,b");
        assertThat(request.size()).isEqualTo(between + 5);
    }
}
