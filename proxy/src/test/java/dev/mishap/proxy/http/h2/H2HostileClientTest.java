package dev.mishap.proxy.http.h2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.h1.H1Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that break the rules of HTTP/2, or ask for more than their share. */
class H2HostileClientTest extends H2ServerRig {
    static Stream<Arguments> messagesThatAreNone() {
        String field = "http2.invalid.header.field";
        String rule = "http2.violation.of.messaging.rule";
        String[] get = {":method=GET", ":scheme=http", ":path=/", ":authority=a"};
        return Stream.of(
                Arguments.of("no method", field(rule), new String[] {get[1], get[2], get[3]}),
                Arguments.of("no scheme", field(rule), new String[] {get[0], get[2], get[3]}),
                Arguments.of("no path", field(rule), new String[] {get[0], get[1], get[3]}),
                Arguments.of("no authority", field(rule), new String[] {get[0], get[1], get[2]}),
                Arguments.of("empty path", field(field), new String[] {get[0], get[1], ":path=", get[3]}),
                Arguments.of("relative path", field(rule), new String[] {get[0], get[1], ":path=x", get[3]}),
                Arguments.of("twice a path", field(field), new String[] {get[0], get[1], get[2], get[2], get[3]}),
                Arguments.of("unknown", field(field), new String[] {get[0], get[1], get[2], get[3], ":foo=x"}),
                Arguments.of("status", field(field), new String[] {get[0], get[1], get[2], get[3], ":status=200"}),
                Arguments.of("control", field(field), new String[] {get[0], get[1], get[2], get[3], "a=\0"}),
                Arguments.of("bad name", field(field), new String[] {get[0], get[1], get[2], get[3], "a b=c"}),
                Arguments.of("te", field(field), new String[] {get[0], get[1], get[2], get[3], "content-length=x"}),
                Arguments.of("length", field(rule), new String[] {get[0], get[1], get[2], get[3], "content-length=5"}),
                Arguments.of("connect", field(field), new String[] {
                    ":method=CONNECT", ":protocol=websocket", get[1], get[2], get[3]
                }));
    }

    private static String field(String s) {
        return s;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("messagesThatAreNone")
    void aMalformedMessageEndsTheConnection(String name, String details, String[] lines) {
        open();
        send(wire.get(1, "/slow"));
        send(wire.headers(3, true, lines), wire.get(5, "/ok"));
        assertThat(received()).isEmpty();
        assertThat(log).containsExactly("0 DPE " + details, "0 DPE codec_error:The_user_callback_function_failed");
        assertThat(stats.value("http.t.downstream_cx_protocol_error")).isOne();
        assertThat(stats.value("http2.rx_messaging_error")).isOne();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("messagesThatAreNone")
    void orOnlyItsStream(String name, String details, String[] lines) {
        options = options(true, H2Options.Keepalive.NONE);
        open();
        send(wire.headers(1, true, lines), wire.get(3, "/ok"));
        assertThat(received()).containsExactly("RST 1 1", OK.replace(" 1 ", " 3 "), "DATA 3 ok end");
        assertThat(log.get(0)).isEqualTo("0 DPE " + details);
    }

    static Stream<Arguments> attacks() {
        byte[] zero = new byte[4];
        byte[] priority = {0, 0, 0, 3, 1};
        return Stream.of(
                attack("DATA of no stream", "GOAWAY 1 1", w -> Wire.data(3, "x", false)),
                attack("DATA after the end", "GOAWAY 1 5", w -> Wire.data(1, "x", false)),
                attack("RST of no stream", null, w -> Wire.reset(3, 0)),
                attack("no increment", null, w -> Wire.windowUpdate(0, 0)),
                attack("too wide a window", null, w -> Wire.windowUpdate(0, Integer.MAX_VALUE)),
                attack("stream window", null, w -> Wire.windowUpdate(1, Integer.MAX_VALUE)),
                attack(
                        "initial window, though a smaller one follows",
                        null,
                        w -> Unpooled.wrappedBuffer(Wire.windowUpdate(1, 1), windows(Integer.MAX_VALUE, 65_535))),
                attack("even stream", null, w -> w.get(2, "/ok")),
                attack("stray CONTINUATION", "GOAWAY 1 1", w -> Wire.frame(9, 4, 1)),
                attack("broken HPACK", "GOAWAY 3 9", w -> Wire.frame(1, 5, 3, (byte) 0xff, (byte) 0xff)),
                attack("too large a frame", "GOAWAY 1 6", w -> Wire.frame(0, 0, 1, new byte[16_385])),
                attack("PING of 3 bytes", "GOAWAY 1 6", w -> Wire.frame(6, 0, 0, new byte[3])),
                attack("PUSH_PROMISE", null, w -> Wire.frame(5, 4, 1, zero)),
                attack(
                        "interrupted block",
                        "GOAWAY 3 1",
                        w -> Unpooled.wrappedBuffer(
                                Wire.frame(1, 0, 3, (byte) 0x82), Wire.frame(6, 0, 0, new byte[8]))),
                attack(
                        "endless block",
                        null,
                        w -> many(2000, () -> Wire.frame(9, 0, 3, new byte[1]), Wire.frame(1, 0, 3, (byte) 0x82))),
                attack(
                        "block of many bytes",
                        null,
                        w -> many(40, () -> Wire.frame(9, 0, 3, new byte[16_384]), Wire.frame(1, 0, 3, (byte) 0x82))),
                attack("empty frames", null, w -> many(3, () -> Wire.data(3, "", false), w.post(3, "/slow"))),
                attack("priorities", null, w -> many(202, () -> Wire.frame(2, 0, 1, priority))),
                attack("window updates", null, w -> many(20, () -> Wire.windowUpdate(0, 1))),
                attack("self-dependent", null, w -> Wire.frame(1, 0x25, 3, new byte[] {0, 0, 0, 3, 1, (byte) 0x82})));
    }

    private static Arguments attack(String name, String goAway, Function<Wire, ByteBuf> bytes) {
        return Arguments.of(name, goAway, bytes);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("attacks")
    void whatBreaksTheProtocolEndsTheConnection(String name, String goAway, Function<Wire, ByteBuf> bytes) {
        open();
        send(wire.get(1, "/slow"));
        send(bytes.apply(wire), wire.get(101, "/ok"));
        assertThat(received()).isEqualTo(goAway == null ? List.of() : List.of(goAway));
        assertThat(log).isNotEmpty().allMatch(line -> line.startsWith("0 DPE"));
        assertThat(requests.toString()).doesNotContain("/ok");
    }

    @Test
    void pingsAndSettingsThatNobodyReadsAreBounded() {
        open();
        send(many(5000, () -> Wire.frame(6, 0, 0, new byte[8])));
        assertThat(received()).hasSizeLessThan(1100).allMatch("PING ack"::equals);
        assertThat(stats.value("http2.outbound_control_flood")).isOne();
    }

    @Test
    void rapidResetsEndTheConnection() {
        open();
        for (int i = 0; i < 300 && channel.isOpen(); i++) {
            send(wire.get(2 * i + 1, "/slow"), Wire.reset(2 * i + 1, H2Error.CANCEL));
        }
        assertThat(log).hasSize(250);
        assertThat(channel.isOpen()).isFalse();
        assertThat(stats.value("http.t.downstream_rq_too_many_premature_resets"))
                .isOne();
    }

    @Test
    void streamsOverTheLimitAreRefused() {
        open();
        for (int i = 0; i < 1030; i++) {
            send(wire.get(2 * i + 1, "/slow"));
        }
        assertThat(received()).hasSize(6).contains("RST 2049 7");
        assertThat(stats.value("http2.streams_active")).isEqualTo(1024);
    }

    @Test
    void headersThatAreTooLargeEndTheirStream() {
        limits = new H1Limits(1000, 10, H1Limits.Underscores.ALLOW, false);
        open();
        String[] many = new String[30];
        java.util.Arrays.setAll(many, i -> "x" + i + "=v");
        send(wire.post(1, "/ok", "x=" + "v".repeat(2000)), wire.post(3, "/ok", many), wire.get(5, "/ok"));
        assertThat(received()).containsExactly("RST 1 2", "RST 3 2", OK.replace(" 1 ", " 5 "), "DATA 5 ok end");
        assertThat(log)
                .containsExactly("0 DR http2.header_list_size_too_large", "0 DR http2.too_many_headers", "200 test");
    }

    @Test
    void aBodyOfAnotherLengthEndsItsStream() {
        open();
        send(wire.post(1, "/ok", "content-length=1"), Wire.data(1, "abc", true));
        send(wire.post(3, "/ok", "content-length=5"), Wire.data(3, "abc", true), wire.get(5, "/ok"));
        assertThat(received()).containsExactly("RST 1 1", "RST 3 1", OK.replace(" 1 ", " 5 "), "DATA 5 ok end");
    }

    @Test
    void paddingIsNoBody() {
        open();
        send(
                wire.post(1, "/ok", "content-length=2"),
                Wire.frame(0, 9, 1, (byte) 3, (byte) 'a', (byte) 'b', (byte) 0, (byte) 0, (byte) 0));
        assertThat(received()).containsExactly(OK, "DATA 1 ok end");
        assertThat(requests.toString()).isEqualTo("POST /ok<ab>;");
    }

    @RepeatedTest(60)
    void rubbishNeverBreaksIt(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        open();
        for (int i = 0; i < 200 && channel.isOpen(); i++) {
            byte[] payload = new byte[random.nextInt(random.nextInt(10) == 0 ? 300 : 12)];
            random.nextBytes(payload);
            int stream = random.nextInt(8);
            switch (random.nextInt(4)) {
                case 0 -> send(wire.get(random.nextInt(200) * 2 + 1, random.nextBoolean() ? "/ok" : "/slow"));
                case 1 -> send(Wire.data(stream, "abc", random.nextBoolean()));
                default -> send(Wire.frame(random.nextInt(11), random.nextInt(256), stream, payload));
            }
            received();
        }
    }
}
