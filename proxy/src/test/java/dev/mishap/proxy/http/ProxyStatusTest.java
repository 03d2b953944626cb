package dev.mishap.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProxyStatusTest {
    private static final HeaderName HEADER = HeaderName.of("proxy-status");
    private static final ProxyStatus ALL = new ProxyStatus("me", true, true, true, true);

    private static HeaderMap apply(ProxyStatus status, StreamInfo info, boolean malformed) {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.STATUS, "404");
        status.apply(headers, info, malformed);
        return headers;
    }

    private static StreamInfo info(ResponseFlag... flags) {
        StreamInfo info = new StreamInfo();
        info.responseCodeDetails = "a \"quote\"";
        info.connectionTerminationDetails = "ended";
        for (ResponseFlag flag : flags) {
            info.addFlag(flag);
        }
        return info;
    }

    @Test
    void aResponseWithoutAnErrorOfThisProxyStaysAsItIs() {
        HeaderMap headers = apply(ALL, info(ResponseFlag.DELAY_INJECTED), false);
        assertThat(headers.get(HEADER)).isNull();
        assertThat(headers.get(HeaderName.STATUS)).isEqualTo("404");
        assertThat(apply(ALL, info(), false).get(HEADER)).isNull();
        assertThat(apply(ALL, info(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR), true)
                        .get(HEADER))
                .isNull();
    }

    @Test
    void tellsTheErrorAndWhyWithTheStatusThatGoesWithIt() {
        HeaderMap headers = apply(
                ALL, info(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED, ResponseFlag.UPSTREAM_CONNECTION_FAILURE), false);
        assertThat(headers.get(HEADER))
                .isEqualTo("me; error=connection_refused; details=\"a \\\"quote\\\"; ended; URX,UF\"");
        assertThat(headers.get(HeaderName.STATUS)).isEqualTo("502");
    }

    @Test
    void leavesOutWhatItIsToldTo() {
        StreamInfo info = info(ResponseFlag.NO_ROUTE_FOUND);
        assertThat(apply(new ProxyStatus("me", false, true, true, false), info, false)
                        .get(HEADER))
                .isEqualTo("me; error=destination_not_found");
        assertThat(apply(new ProxyStatus("me", true, false, false, false), info, false)
                        .get(HEADER))
                .isEqualTo("me; error=destination_not_found; details=\"a \\\"quote\\\"\"");
    }
}
