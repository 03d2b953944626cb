package dev.mishap.proxy.observe.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubstitutionFormatterTest {
    static LogContext request() {
        HeaderMap request = new HeaderMap();
        request.add(HeaderName.METHOD, "GET");
        request.add(HeaderName.PATH, "/p/q?a=12&b=&c&a=3");
        request.add(HeaderName.AUTHORITY, "h.test:80");
        request.add(HeaderName.of("x-a"), "hello w\"q");
        request.add(HeaderName.of("x-empty"), "");
        request.add(HeaderName.of("x-a"), "second");
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, "200");
        StreamInfo info = new StreamInfo();
        info.startTimeEpochNanos = 1_795_447_181_433_260_000L; // 2026-11-23T15:19:41.433260Z
        info.startNanos = 1_000_000_000L;
        info.requestEndNanos = 1_002_000_000L;
        info.endNanos = 1_012_345_678L;
        info.protocol = "HTTP/1.1";
        info.responseCode = 200;
        info.bytesSent = 20;
        info.responseCodeDetails = "via upstream";
        info.upstreamHost = new InetSocketAddress("127.0.0.1", 8080);
        info.downstreamRemoteAddress = new InetSocketAddress("10.1.2.3", 4444);
        info.downstreamDirectRemoteAddress = new InetSocketAddress("2001:db8:0:0:0:0:0:1", 5);
        info.addFlag(ResponseFlag.DELAY_INJECTED);
        info.addFlag(ResponseFlag.FAULT_INJECTED);
        info.putDynamicMetadata("ns", Map.of("s", "str\"x", "n", 3.0, "o", Map.of("q", List.of(1.0, "x"))));
        return LogContext.of(info, request, response, null);
    }

    static String format(String format) {
        LogContext c = request();
        StringBuilder out = new StringBuilder();
        SubstitutionFormatter.compile(format).format(c.info(), c.request(), c.response(), c.trailers(), out);
        return out.toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "a%%b 100%% ~ a%b 100%",
                "%REQ(:METHOD)%%REQ(:PATH):3% ~ GET/p/",
                "%REQ(X-A)%|%REQ(x-a):2%|%REQ(X-B?X-A)% ~ hello w\"q|he|hello w\"q",
                "%REQ(X-EMPTY)%|%REQ(X-EMPTY?X-A)%|%REQ(NONE)%|%REQ(X-A):0%| ~ ||-||",
                "%RESP(:STATUS)%|%TRAILER(x)%|%PROTOCOL%|%RESPONSE_CODE% ~ 200|-|HTTP/1.1|200",
                "%RESPONSE_CODE_DETAILS%|%RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)% ~ via_upstream|via upstream",
                "%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% ~ DI,FI DelayInjected,FaultInjected",
                "%DURATION% %REQUEST_DURATION% %RESPONSE_DURATION% %BYTES_SENT% ~ 12 2 - 20",
                "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%|%COMMON_DURATION(DS_RX_BEG:x:ns)% ~ 12345|-",
                "%UPSTREAM_HOST%|%DOWNSTREAM_REMOTE_ADDRESS%|%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% ~ 127.0.0.1:8080|10.1.2.3:4444|10.1.2.3",
                "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(12)%|%DOWNSTREAM_DIRECT_REMOTE_ADDRESS% ~ 10.0.0.0/12|[2001:db8::1]:5",
                "%PATH%|%PATH(NQ)%|%PATH(NQ:ORIG)%|%PATH(WQ):4% ~ /p/q?a=12&b=&c&a=3|/p/q|-|/p/q",
                "%QUERY_PARAM(a)%|%QUERY_PARAM(b)%|%QUERY_PARAM(c)%|%QUERY_PARAM(z)%|%QUERY_PARAM(a):1% ~ 12|||-|1",
                "%DYNAMIC_METADATA(ns:s)%|%DYNAMIC_METADATA(ns:n)%|%DYNAMIC_METADATA(ns:o)%|%DYNAMIC_METADATA(ns:o:q):4% ~ str\"x|3|{\"q\":[1,\"x\"]}|[1,\"",
                "%DYNAMIC_METADATA(x)%|%METADATA(ROUTE:a:b)%|%FILTER_STATE(a)%|%UPSTREAM_CLUSTER% ~ -|-|-|-",
                "%START_TIME% ~ 2026-11-23T15:19:41.433Z",
                "%START_TIME(%s.%3f)% %START_TIME(%f|%1f|%6f|%9f|%0f)% ~ 1795447181.433 433260000|4|433260|433260000|%0f",
                "%START_TIME(%E3S|%E*S|%E*f|%E4Y|%Ez|%E)% ~ 41.433|41.43326|43326|2026|+00:00|%E",
                "%START_TIME(%C %G %g %h %V %P %L %q %N %3 %)% ~ 20 2026 26 Nov 48 pm %L %q %N %3 %",
                "%START_TIME(%a %A %b %B %d %e %F %T %R %y %j %I %p %U %W %z)% ~ Mon Monday Nov November 23 23 2026-11-23 15:19:41 15:19 26 327 03 PM 47 47 +0000",
                "%GRPC_STATUS%|%TRACE_ID%|%DOWNSTREAM_TLS_VERSION%|%REQUESTED_SERVER_NAME(HOST_FIRST)% ~ -|-|-|h.test:80",
            })
    void fillsInOperators(String format, String expected) {
        assertThat(format(format)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "%ZZZ% ~ Not supported field in StreamInfo: ZZZ",
                "%REQ% ~ REQ requires parameters",
                "%REQ(a?b?c)% ~ More than 1 alternative header specified in token: a?b?c",
                "%REQ(A):x% ~ Incorrect configuration: %REQ(A):x%. Couldn't find valid command at position 0",
                "100% ~ Incorrect configuration: 100%. Couldn't find valid command at position 3",
                "x%REQ(a)%y%z ~ Incorrect configuration: x%REQ(a)%y%z. Couldn't find valid command at position 10",
                "%START_TIME(%Y% ~ Incorrect configuration: %START_TIME(%Y%. Couldn't find valid command at position 0",
                "%PROTOCOL(x)% ~ PROTOCOL does not take any parameters or length",
                "%PROTOCOL:3% ~ PROTOCOL does not take any parameters or length",
                "%GRPC_STATUS(FOO)% ~ GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: FOO",
                "%GRPC_STATUS():3% ~ GRPC_STATUS does not allow length to be specified.",
                "%METADATA(ZZZ:a)% ~ ZZZ is not supported type of metadata",
                "%FILTER_STATE(a:X)% ~ Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.",
                "%PATH(QN)% ~ Invalid PATH option: 'QN', only 'WQ'/'NQ' are allowed",
                "%QUERY_PARAMS(X)% ~ Invalid QUERY_PARAMS option: 'X', only 'ORIG'/'DECODED' are allowed",
                "%COMMON_DURATION(A:B:xx)% ~ Invalid common duration precision: xx.",
                "%REQ(A:B)% ~ Invalid header configuration. Format string contains invalid characters.",
                "%START_TIME(%n)% ~ Invalid header configuration. Format string contains newline.",
            })
    void refusesInEnvoysWords(String format, String message) {
        assertThatThrownBy(() -> SubstitutionFormatter.compile(format))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }

    /** Whoever sends the path does not choose how long it takes to log it. */
    @Test
    @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aQueryIsLookedThroughOnce() {
        LogContext c = request();
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.PATH, "/?" + "&".repeat(1 << 22) + "a=b=c&d");
        StringBuilder out = new StringBuilder();
        SubstitutionFormatter.compile("%QUERY_PARAM(a)%|%QUERY_PARAM(d)%|%QUERY_PARAM(b)%")
                .format(c.info(), headers, c.response(), null, out);
        assertThat(out.toString()).isEqualTo("b=c||-");
    }

    @Test
    void defaultFormatIsEnvoys() {
        LogContext c = request();
        StringBuilder out = new StringBuilder();
        SubstitutionFormatter.DEFAULT.format(c.info(), c.request(), c.response(), null, out);
        assertThat(out.toString())
                .isEqualTo(
                        "[2026-11-23T15:19:41.433Z] \"GET /p/q?a=12&b=&c&a=3 HTTP/1.1\" 200 DI,FI 0 20 12 - \"-\" \"-\""
                                + " \"-\" \"h.test:80\" \"127.0.0.1:8080\"\n");
    }

    @Test
    void valueThatIsMissingAltogetherIsNull() {
        LogContext c = request();
        SubstitutionFormatter missing = SubstitutionFormatter.compile("%REQ(none)%");
        assertThat(missing.formatOrNull(c.info(), c.request(), null, null)).isNull();
        SubstitutionFormatter text = SubstitutionFormatter.compile("x%REQ(none)%");
        assertThat(text.formatOrNull(c.info(), c.request(), null, null)).isEqualTo("x");
    }

    @Test
    void bytesOfAHeaderComeOutAsTheyCameIn() {
        LogContext c = request();
        c.request().add(HeaderName.of("x-u"), "\u00e9\u00ff");
        LogBuffer out = new LogBuffer();
        SubstitutionFormatter.compile("é %REQ(x-u)%").append(c, out);
        assertThat(java.util.Arrays.copyOf(out.array(), out.size()))
                .isEqualTo(new byte[] {(byte) 0xc3, (byte) 0xa9, ' ', (byte) 0xe9, (byte) 0xff});
    }

    /** Any text is either a format, which then can be filled in, or refused by a ConfigException; nothing else happens. */
    @RepeatedTest(20)
    void anyTextIsAFormatOrAnError() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        String[] pieces = {
            "%",
            "%%",
            "(",
            ")",
            ":",
            "3",
            "-1",
            "REQ",
            "START_TIME",
            "%Y",
            "%E",
            "%9f",
            "RESP(a)",
            "PATH(NQ)",
            "?",
            "\n",
            "%REQ(a)%",
            "DYNAMIC_METADATA(a:b)",
            "GRPC_STATUS",
            "\u00e9",
            "99999999999",
            "COMMON_DURATION(A:B)",
            "%EMIT_TIME("
        };
        for (int n = 0; n < 500; n++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(8); i >= 0; i--) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            try {
                LogContext c = request();
                SubstitutionFormatter.compile(text.toString())
                        .formatOrNull(c.info(), c.request(), c.response(), c.trailers());
            } catch (ConfigException expected) {
                assertThat(expected.getMessage()).isNotEmpty();
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + text, e);
            }
        }
    }
}
