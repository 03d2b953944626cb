package dev.mishap.proxy.http.h1;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RepeatedHeadersTest {
    // Which headers are joined was observed on Envoy 1.40.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "accept: a;accept: b | {:method=GET, :path=/, accept=a,b}",
                "Accept: a;x: 1;ACCEPT: b;y: 2;accept:  | {:method=GET, :path=/, accept=a,b, x=1, y=2}",
                "x-forwarded-for: 1.1.1.1, 2.2.2.2;x-forwarded-for: 3.3.3.3 | {:method=GET, :path=/, x-forwarded-for=1.1.1.1, 2.2.2.2,3.3.3.3}",
                "cookie: a=1;cookie: b=2 | {:method=GET, :path=/, cookie=a=1, cookie=b=2}",
                "x-a: 1;x-a: 2;via: p;via: q | {:method=GET, :path=/, x-a=1, x-a=2, via=p,q}"
            })
    void ofARequest(String lines, String expected) {
        String head = "GET / HTTP/1.1\r\n" + lines.replace(";", "\r\n") + "\r\n\r\n";
        assertThat(Recorder.requests(
                        head.getBytes(StandardCharsets.ISO_8859_1),
                        new H1Limits(4096, 20, H1Limits.Underscores.ALLOW, true),
                        new Random(1)))
                .startsWith(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vary: a;vary: b | vary=a,b",
                "cache-control: a;x: 1;cache-control: b | cache-control=a,b, x=1",
                "set-cookie: a;set-cookie: b | set-cookie=a, set-cookie=b",
                "accept: a;accept: b | accept=a, accept=b"
            })
    void ofAResponse(String lines, String expected) {
        String head = "HTTP/1.1 204 No Content\r\n" + lines.replace(";", "\r\n") + "\r\n\r\n";
        assertThat(Recorder.response(head.getBytes(StandardCharsets.ISO_8859_1), false, new Random(1), false))
                .startsWith("{:status=204, " + expected + "}");
    }
}
