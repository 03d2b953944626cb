package dev.mishap.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NoTlsTest {
    @ParameterizedTest
    @CsvSource({
        "'GET / HTTP/1.1', HTTP_REQUEST",
        "'POST / HTTP/1.1', HTTP_REQUEST",
        "'HEAD / HTTP/1.1', HTTP_REQUEST",
        "'PUT / HTTP/1.1', HTTP_REQUEST",
        "'POSTS', WRONG_VERSION_NUMBER",
        "'DELETE /', WRONG_VERSION_NUMBER",
        "'CONNECT a:1', HTTPS_PROXY_REQUEST",
        "'CONN ', WRONG_VERSION_NUMBER",
        "'hello', WRONG_VERSION_NUMBER",
        "'hell', ",
        "'\u0016\u0003\u0001\u0000\u0005', ",
    })
    void isToldAsBoringSslTellsIt(String first, NoTls expected) {
        assertThat(NoTls.of(Unpooled.copiedBuffer(first, StandardCharsets.ISO_8859_1)))
                .isEqualTo(expected);
    }
}
