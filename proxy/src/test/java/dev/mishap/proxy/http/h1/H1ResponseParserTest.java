package dev.mishap.proxy.http.h1;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class H1ResponseParserTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        length        | HTTP/1.1 200 OK~content-length: 3~~abc | {:status=200, content-length=3} body=abc!end keep-alive
        chunked       | HTTP/1.1 200 OK~transfer-encoding: chunked~~3~abc~0~~ | {:status=200} body=abc!end keep-alive
        trailers      | HTTP/1.1 200 OK~transfer-encoding: chunked~~3~abc~0~x: 1~~ | {:status=200} body=abc!trailers{x=1} keep-alive
        until close   | HTTP/1.1 200 OK~x: 1~~abc | eof {:status=200, x=1} body=abc!end
        HTTP/1.0      | HTTP/1.0 200 OK~content-length: 0~~ | {:status=200, content-length=0} end close
        204           | HTTP/1.1 204 No Content~content-length: 0~~ | {:status=204} end keep-alive
        204 with body | HTTP/1.1 204 No Content~content-length: 3~~abc | error BODY_DISALLOWED
        204 chunked   | HTTP/1.1 204 No Content~transfer-encoding: chunked~~0~~ | error BODY_DISALLOWED
        304           | HTTP/1.1 304 Not Modified~content-length: 3~~ | {:status=304, content-length=3} end keep-alive
        100, 103      | HTTP/1.1 100 C~~HTTP/1.1 103 E~link: x~~HTTP/1.1 200 OK~content-length: 0~~ | 1xx{:status=100}1xx{:status=103, link=x}{:status=200, content-length=0} end keep-alive
        101 unasked   | HTTP/1.1 101 S~upgrade: x~connection: upgrade~~xx | error CODEC_ERROR
        no reason     | HTTP/1.1 200~content-length: 0~~ | {:status=200, content-length=0} end keep-alive
        odd status    | HTTP/1.1 999 Foo Bar~content-length: 0~~ | {:status=999, content-length=0} end keep-alive
        short status  | HTTP/1.1 20 Foo~content-length: 0~~ | error CODEC_ERROR
        long status   | HTTP/1.1 1000 Foo~content-length: 0~~ | error CODEC_ERROR
        garbage       | garbage~~ | error CODEC_ERROR
        CL and TE     | HTTP/1.1 200 OK~content-length: 3~transfer-encoding: chunked~~3~abc~0~~ | error CONTENT_LENGTH_AND_CHUNKED
        two lengths   | HTTP/1.1 200 OK~content-length: 3~content-length: 3~~abc | error CODEC_ERROR
        bad length    | HTTP/1.1 200 OK~content-length: x~~abc | error CODEC_ERROR
        gzip, chunked | HTTP/1.1 200 OK~transfer-encoding: gzip, chunked~~0~~ | error TRANSFER_ENCODING
        close         | HTTP/1.1 200 OK~connection: close~content-length: 0~~ | {:status=200, content-length=0} end close
        short body    | HTTP/1.1 200 OK~content-length: 9~~abc | cut {:status=200, content-length=9} body=abcmore
        bad chunk     | HTTP/1.1 200 OK~transfer-encoding: chunked~~zz~abc | {:status=200}error CODEC_ERROR
        """)
    void responses(String name, String response, String expected) {
        byte[] bytes = response.replace("~", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        boolean eof = expected.startsWith("eof") || expected.startsWith("cut");
        String result = Recorder.response(bytes, false, null, eof);
        assertThat(result.strip()).isEqualTo(expected.replace('!', '|'));
        for (int seed = 0; seed < 3; seed++) {
            assertThat(Recorder.response(bytes, false, new Random(seed), eof)).isEqualTo(result);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP/1.1 200 OK~content-length: 3~~",
        "HTTP/1.1 200 OK~transfer-encoding: chunked~~",
        "HTTP/1.1 200 OK~~"
    })
    void aResponseToHeadHasNoBody(String response) {
        byte[] bytes = response.replace("~", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        assertThat(Recorder.response(bytes, true, null, false)).contains(" end keep-alive");
    }
}
