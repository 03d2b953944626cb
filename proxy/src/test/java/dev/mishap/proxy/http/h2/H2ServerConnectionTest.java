package dev.mishap.proxy.http.h2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.ConnectionManagerConfig;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.ConnectionManagerStats;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.h1.H1Limits;
import dev.mishap.proxy.http.h1.H1ServerConnection;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ProcessEnd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class H2ServerConnectionTest {
    private static final String OK = "HEADERS 1 {:status=200, content-length=2, content-type=text/plain}";

    private final StatsStore stats = new StatsStore();
    private final DrainState drain = new DrainState();
    private final List<String> log = new ArrayList<>();
    private final BytesMeter bytes = new BytesMeter();
    private final Map<String, HttpStream> streams = new HashMap<>();
    private final StringBuilder requests = new StringBuilder();
    private final Wire wire = new Wire();
    private ConnectionManagerConfig config;
    private H2Options options = H2Options.DEFAULT;
    private H1Limits limits = H1Limits.DEFAULT;
    private EmbeddedChannel channel;

    /** Writes the request down; answers paths that start with /ok when the request is complete, /early at once, others never. */
    private final class Terminal implements HttpFilter {
        @Override
        public Flow onRequestHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
            String path = String.valueOf(headers.get(HeaderName.PATH));
            streams.put(path, s);
            requests.append(headers.get(HeaderName.METHOD)).append(' ').append(path);
            if (path.startsWith("/early")) {
                s.sendLocalReply(LocalReply.of(200, "ok", "test"));
                return Flow.PAUSE;
            }
            return end(s, endStream);
        }

        @Override
        public Flow onRequestData(HttpStream s, ByteBuf borrowed, boolean endStream) {
            requests.append('<')
                    .append(borrowed.toString(StandardCharsets.ISO_8859_1))
                    .append('>');
            return end(s, endStream);
        }

        @Override
        public Flow onRequestTrailers(HttpStream s, HeaderMap trailers) {
            requests.append(trailers);
            return end(s, true);
        }

        private Flow end(HttpStream s, boolean endStream) {
            if (endStream) {
                requests.append(';');
                if (String.valueOf(s.requestHeaders().get(HeaderName.PATH)).startsWith("/ok")) {
                    s.sendLocalReply(LocalReply.of(200, "ok", "test"));
                }
            }
            return Flow.CONTINUE;
        }
    }

    @BeforeEach
    void setUp() {
        config = withFilters(List.of(new ChainFilter("end", Terminal::new, false)));
    }

    private ConnectionManagerConfig withFilters(List<ChainFilter> filters) {
        ConnectionManagerConfig made = new ConnectionManagerConfig(
                new ConnectionManagerStats(stats.scope("http.t."), stats.scope("listener.l.http.t.")),
                drain,
                s -> null,
                filters,
                List.of(s -> {
                    log.add(s.info().responseCode
                            + (s.info().flagCount() == 0
                                    ? ""
                                    : " " + s.info().flag(0).shortName())
                            + " " + s.info().responseCodeDetails);
                    bytes.copyFrom(s.info().downstreamBytes);
                }));
        made.generateRequestId = false;
        return made;
    }

    private void open() {
        channel = new EmbeddedChannel(new H2ServerConnection(
                config,
                options,
                new H2Stats(stats.scope("http2."), true),
                limits,
                new ConnectionInfo(),
                System.nanoTime(),
                false));
        send(Wire.preface());
        assertThat(received()).containsExactly("SETTINGS", "SETTINGS ack", "WINDOW 0 25100289");
    }

    private void send(ByteBuf... frames) {
        channel.writeInbound((Object[]) frames);
        channel.runPendingTasks();
    }

    private List<String> received() {
        channel.runPendingTasks();
        ByteBuf b;
        while ((b = channel.readOutbound()) != null) {
            wire.read(b);
        }
        return wire.lines();
    }

    @AfterEach
    void nothingIsLeft() {
        channel.finishAndReleaseAll();
        assertThat(stats.value("http.t.downstream_rq_active")).isZero();
        assertThat(stats.value("http.t.downstream_cx_active")).isZero();
        assertThat(stats.value("http.t.downstream_cx_http2_active")).isZero();
        assertThat(stats.value("http2.streams_active")).isZero();
        assertThat(stats.value("http.t.downstream_rq_total")).isEqualTo(log.size());
    }

    @Test
    void requestsAreAnswered() {
        open();
        send(wire.get(1, "/ok"), wire.post(3, "/ok", "content-length=3"), Wire.data(3, "ab", false));
        assertThat(received()).containsExactly(OK, "DATA 1 ok end");
        send(
                Wire.data(3, "c", true),
                wire.headers(5, false, ":method=POST", ":scheme=http", ":path=/ok", ":authority=a"));
        assertThat(received()).containsExactly(OK.replace(" 1 ", " 3 "), "DATA 3 ok end");
        send(wire.headers(5, true, "x-end=1"));
        assertThat(received()).containsExactly(OK.replace(" 1 ", " 5 "), "DATA 5 ok end");
        assertThat(requests.toString()).isEqualTo("GET /ok;POST /ok<ab><c>;POST /ok{x-end=1};");
        assertThat(stats.value("http.t.downstream_rq_http2_total")).isEqualTo(3);
    }

    @Test
    void paddedDataBeyondItsLengthIsReleased() {
        open();
        UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false);
        channel.config().setAllocator(memory);
        send(
                wire.post(1, "/x", "content-length=2"),
                Wire.frame(H2Frame.DATA, H2Frame.PADDED, 1, new byte[] {1, 'a', 'b', 'c', 0}));
        assertThat(received()).containsExactly("RST 1 1");
        assertThat(requests.toString()).isEqualTo("POST /x");
        channel.finishAndReleaseAll();
        assertThat(memory.metric().usedHeapMemory() + memory.metric().usedDirectMemory())
                .isZero();
    }

    @Test
    void smallPiecesThatWaitAreJoined() {
        List<HttpStream> held = new ArrayList<>();
        HttpFilter paused = new HttpFilter() {
            @Override
            public Flow onRequestHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
                held.add(s);
                return Flow.PAUSE;
            }
        };
        config = withFilters(
                List.of(new ChainFilter("pause", () -> paused, false), new ChainFilter("end", Terminal::new, false)));
        open();
        UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false);
        channel.config().setAllocator(memory);
        send(wire.post(1, "/ok"));
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 5000; i++) {
            body.append((char) ('a' + i % 26));
            send(Wire.data(1, body.substring(i), false));
        }
        String large = "L".repeat(600);
        send(Wire.data(1, large, false), Wire.data(1, "", false), Wire.data(1, "z", true));
        assertThat(memory.metric().usedHeapMemory()).isBetween(5000L, 16_384L);

        held.get(0).resumeRequest(paused);

        assertThat(requests.toString().replace("><", "")).isEqualTo("POST /ok<" + body + large + "z>;");
        assertThat(requests.toString().split("><")).hasSizeLessThan(6);
        assertThat(received()).contains("DATA 1 ok end");
        channel.finishAndReleaseAll();
        assertThat(memory.metric().usedHeapMemory()).isZero();
    }

    @Test
    void bytesThatAFilterTakesWhileItHoldsTheHeadersAreNotKept() {
        List<ByteBuf> pieces = new ArrayList<>();
        List<Integer> kept = new ArrayList<>();
        config = withFilters(List.of(
                new ChainFilter(
                        "hold",
                        () -> new HttpFilter() {
                            @Override
                            public Flow onResponseHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
                                return Flow.HOLD;
                            }

                            @Override
                            public Flow onResponseData(HttpStream s, ByteBuf borrowed, boolean endStream) {
                                borrowed.skipBytes(borrowed.readableBytes());
                                return endStream ? Flow.CONTINUE : Flow.PAUSE;
                            }
                        },
                        false),
                new ChainFilter(
                        "end",
                        () -> new HttpFilter() {
                            @Override
                            public Flow onRequestHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
                                HeaderMap response = new HeaderMap();
                                response.add(HeaderName.STATUS, "200");
                                s.encodeHeaders(response, false);
                                for (int i = 0; i < 3; i++) {
                                    ByteBuf piece = Unpooled.copiedBuffer("abc", StandardCharsets.ISO_8859_1);
                                    pieces.add(piece);
                                    s.encodeData(piece, i == 2);
                                    kept.add(piece.refCnt());
                                }
                                return Flow.PAUSE;
                            }
                        },
                        false)));
        open();
        send(wire.get(1, "/x"));
        assertThat(kept.subList(0, 2)).containsExactly(0, 0);
        assertThat(received()).hasSize(2).last().isEqualTo("DATA 1  end");
        assertThat(pieces).allMatch(piece -> piece.refCnt() == 0);
    }

    @Test
    void anAnswerBeforeTheEndResetsWithoutAnError() {
        open();
        send(wire.post(1, "/early"));
        assertThat(received()).containsExactly(OK, "DATA 1 ok end", "RST 1 0");
        send(Wire.data(1, "late", true));
        assertThat(received()).isEmpty();
        // In one read with its end, there is nothing to cut.
        send(wire.post(3, "/early"), Wire.data(3, "x", true));
        assertThat(received()).containsExactly(OK.replace(" 1 ", " 3 "), "DATA 3 ok end");
    }

    @Test
    void aStreamsFramesAreCountedWithTheirHeaders() {
        open();
        send(wire.get(1, "/ok")); // of which nothing is counted
        received();
        ByteBuf head = wire.post(3, "/ok", "x-a=1");
        ByteBuf body = Wire.data(3, "abc", false);
        ByteBuf trailers = wire.headers(3, true, "x-end=22");
        int headers = head.readableBytes() + trailers.readableBytes();
        int all = headers + body.readableBytes();
        send(head, body, Wire.windowUpdate(3, 5), trailers);
        assertThat(bytes.headerReceived).isEqualTo(headers);
        assertThat(bytes.wireReceived).isEqualTo(all + 9 + 4);
        assertThat(bytes.plainHeaderReceived)
                .isEqualTo(":method:scheme:path:authorityx-ax-end".length() + "POSThttp/oka122".length());
        int sent = 0;
        ByteBuf b;
        while ((b = channel.readOutbound()) != null) {
            sent += b.readableBytes();
            wire.read(b);
        }
        assertThat(bytes.wireSent).isEqualTo(sent);
        assertThat(bytes.headerSent).isEqualTo(sent - 9 - "ok".length());
        assertThat(bytes.plainHeaderSent)
                .isEqualTo(":statuscontent-lengthcontent-typedateserver".length()
                        + "2002text/plainWed, 25 Nov 2026 23:59:59 GMTenvoy".length());
    }

    @Test
    void headsHaveNoBody() {
        open();
        send(wire.headers(1, true, ":method=HEAD", ":scheme=http", ":path=/ok", ":authority=a"));
        assertThat(received()).containsExactly(OK + " end");
    }

    @Test
    void cookiesAreJoinedAndHostBecomesTheAuthority() {
        open();
        send(wire.headers(
                1, true, ":method=GET", ":scheme=http", ":path=/x", "host=h", "cookie=a=1", "x=y", "cookie=b=2"));
        HeaderMap h = streams.get("/x").requestHeaders();
        assertThat(h.get(HeaderName.of("cookie"))).isEqualTo("a=1; b=2");
        assertThat(h.get(HeaderName.AUTHORITY)).isEqualTo("h");
        assertThat(h.contains(HeaderName.HOST)).isFalse();
    }

    @Test
    void theClientResets() {
        open();
        send(wire.get(1, "/slow"), wire.get(3, "/slow"));
        send(Wire.reset(1, H2Error.CANCEL), Wire.reset(3, H2Error.NO_ERROR));
        assertThat(log).containsExactly("0 DR http2.remote_reset", "0 null");
        assertThat(received()).isEmpty();
        assertThat(stats.value("http2.rx_reset")).isEqualTo(2);
    }

    @Test
    void weReset() {
        open();
        send(wire.get(1, "/slow"));
        streams.get("/slow").resetDownstream("fault");
        assertThat(received()).containsExactly("RST 1 2");
        assertThat(log).containsExactly("0 LR fault");
    }

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
        H2Options d = H2Options.DEFAULT;
        options = new H2Options(
                d.maxConcurrentStreams(),
                d.streamWindow(),
                d.connectionWindow(),
                d.headerTableSize(),
                d.allowConnect(),
                d.maxOutboundFrames(),
                d.maxOutboundControlFrames(),
                d.maxEmptyFrames(),
                d.maxPriorityFrames(),
                d.maxWindowUpdates(),
                true,
                d.customSettings(),
                d.keepalive());
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

    private static ByteBuf many(int times, java.util.function.Supplier<ByteBuf> one, ByteBuf... first) {
        ByteBuf all = Unpooled.buffer().writeBytes(Unpooled.wrappedBuffer(first));
        for (int i = 0; i < times; i++) {
            all.writeBytes(one.get());
        }
        return all;
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

    @Test
    void theResponseWaitsForTheClientsWindow() {
        open();
        send(wire.get(1, "/slow"), wire.get(3, "/big"));
        HttpStream s = streams.get("/slow");
        answer(s);
        s.encodeData(Unpooled.buffer().writeZero(100_000), true);
        assertThat(received()).hasSize(5).last().isEqualTo("DATA 1 16383 bytes"); // 65535 in all
        assertThat(channel.unsafe().outboundBuffer().totalPendingWriteBytes()).isZero();
        send(Wire.windowUpdate(0, 100_000));
        assertThat(received()).isEmpty();
        send(Wire.windowUpdate(1, 100));
        assertThat(received()).containsExactly("DATA 1 100 bytes");
        send(Wire.windowUpdate(1, 100_000));
        assertThat(received()).hasSize(3).last().asString().endsWith("end");
        assertThat(log).containsExactly("200 via_upstream");
        send(Wire.reset(3, 8));
    }

    @Test
    void the_last_of_several_windows_in_one_frame_counts() {
        open();
        send(wire.get(1, "/slow"));
        HttpStream s = streams.get("/slow");
        answer(s);
        s.encodeData(Unpooled.buffer().writeZero(100_000), true);
        received();
        send(Wire.windowUpdate(0, 100_000));
        send(windows(90_000, 65_535 + 7));
        assertThat(received()).containsExactly("SETTINGS ack", "DATA 1 " + "\0".repeat(7));
        send(windows(100, 200_000));
        assertThat(received()).first().isEqualTo("SETTINGS ack");
        assertThat(log).containsExactly("200 via_upstream");
    }

    /** One SETTINGS frame that says INITIAL_WINDOW_SIZE several times. */
    private static ByteBuf windows(int... sizes) {
        ByteBuf settings = Unpooled.buffer();
        for (int size : sizes) {
            settings.writeShort(H2Frame.INITIAL_WINDOW_SIZE).writeInt(size);
        }
        return Wire.frame(H2Frame.SETTINGS, 0, 0, ByteBufUtil.getBytes(settings));
    }

    private static void answer(HttpStream s) {
        HeaderMap h = new HeaderMap();
        h.add(HeaderName.STATUS, "200");
        s.encodeHeaders(h, false);
    }

    @Test
    void aFullStreamStopsItsSourceAndNotTheOthers() {
        config.bufferLimit = 10_000;
        open();
        send(wire.get(1, "/slow"), wire.get(3, "/slow2"));
        HttpStream s = streams.get("/slow");
        List<String> marks = new ArrayList<>();
        s.responseWatermark(new HttpStream.WatermarkListener() {
            @Override
            public void aboveHighWatermark() {
                marks.add("above");
            }

            @Override
            public void belowLowWatermark() {
                marks.add("below");
            }
        });
        answer(s);
        s.encodeData(Unpooled.buffer().writeZero(90_000), false);
        assertThat(marks).containsExactly("above");
        received();
        send(Wire.windowUpdate(0, 100_000), Wire.windowUpdate(1, 100_000));
        assertThat(marks).containsExactly("above", "below");
        answer(streams.get("/slow2"));
        streams.get("/slow2").encodeData(Unpooled.copiedBuffer("x", StandardCharsets.ISO_8859_1), true);
        assertThat(received()).contains("DATA 3 x end");
        s.abortResponse("test");
        assertThat(received()).containsExactly("RST 1 2");
    }

    @Test
    void theClientsWindowIsGivenBackWhenItsBytesHaveGoneOn() {
        options = new H2Options(
                100, 65_535, 65_535, 4096, false, 10_000, 1000, 1, 100, 10, false, List.of(), H2Options.Keepalive.NONE);
        channel = new EmbeddedChannel(new H2ServerConnection(
                config, options, new H2Stats(stats.scope("http2."), true), limits, new ConnectionInfo(), 1, false));
        send(Wire.preface());
        assertThat(received()).containsExactly("SETTINGS", "SETTINGS ack");
        send(wire.post(1, "/slow"));
        streams.get("/slow").pauseRequestReads();
        for (int i = 0; i < 3; i++) {
            send(Wire.data(1, "x".repeat(16_000), false));
        }
        assertThat(received()).isEmpty();
        streams.get("/slow").resumeRequestReads();
        assertThat(received()).containsExactly("WINDOW 0 48000", "WINDOW 1 48000");
        // More than the window is an error.
        streams.get("/slow").pauseRequestReads();
        for (int i = 0; i < 5; i++) {
            send(Wire.data(1, "x".repeat(16_000), false));
        }
        assertThat(log).hasSize(1);
    }

    @Test
    void aClientThatGoesAwayEndsItsRequests() {
        open();
        send(wire.get(1, "/slow"), wire.get(3, "/slow"));
        channel.close();
        assertThat(log).containsExactly("0 DC downstream_remote_disconnect", "0 DC downstream_remote_disconnect");
        assertThat(stats.value("http.t.downstream_cx_destroy_remote_active_rq")).isOne();
    }

    @Test
    void theLastRequestIsAnnouncedTwice() {
        config.maxRequestsPerConnection = 1;
        config.drainTimeoutNanos = 1;
        open();
        send(wire.get(1, "/slow"));
        List<String> all = new ArrayList<>(received());
        for (int i = 0; i < 1000 && all.size() < 2; i++) {
            channel.runScheduledPendingTasks();
            all.addAll(received());
        }
        assertThat(all).containsExactly("GOAWAY " + Integer.MAX_VALUE + " 0", "GOAWAY 1 0");
        send(wire.get(3, "/ok"));
        assertThat(received()).containsExactly("RST 3 7");
        streams.get("/slow").sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).containsExactly(OK, "DATA 1 ok end");
    }

    @Test
    void aClientThatAnswersNoPingIsGone() {
        H2Options d = H2Options.DEFAULT;
        options = new H2Options(
                d.maxConcurrentStreams(),
                d.streamWindow(),
                d.connectionWindow(),
                d.headerTableSize(),
                d.allowConnect(),
                d.maxOutboundFrames(),
                d.maxOutboundControlFrames(),
                d.maxEmptyFrames(),
                d.maxPriorityFrames(),
                d.maxWindowUpdates(),
                false,
                d.customSettings(),
                new H2Options.Keepalive(1_000_000, 5_000_000, 0, 0));
        open();
        send(wire.get(1, "/slow"));
        long until = System.nanoTime() + 10_000_000_000L;
        while (channel.isOpen() && System.nanoTime() < until) {
            channel.runScheduledPendingTasks();
            channel.runPendingTasks();
        }
        assertThat(received()).allMatch("PING"::equals);
        assertThat(log).hasSize(1);
        assertThat(stats.value("http2.keepalive_timeout")).isOne();
        assertThat(stats.value("http.t.downstream_cx_protocol_error")).isZero();
    }

    @Test
    void aDrainingProcessLetsRequestsEnd() {
        open();
        send(wire.get(1, "/slow"));
        channel.pipeline().fireUserEventTriggered(new ProcessEnd());
        assertThat(received()).containsExactly("GOAWAY 1 0");
        assertThat(channel.isOpen()).isTrue();
        streams.get("/slow").sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).containsExactly(OK, "DATA 1 ok end");
    }

    @RepeatedTest(20)
    void bytesMayComeInAnyPieces(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        channel = new EmbeddedChannel(new H1ServerConnection(
                config,
                limits,
                new ConnectionInfo(),
                opened -> new H2ServerConnection(
                        config,
                        options,
                        new H2Stats(stats.scope("http2."), true),
                        limits,
                        new ConnectionInfo(),
                        opened,
                        true)));
        ByteBuf get = wire.get(1, "/ok");
        byte[] p = wire.block(":method=POST", ":scheme=http", ":path=/ok", ":authority=a", "x=y");
        ByteBuf all = Unpooled.wrappedBuffer(
                Wire.preface(),
                get,
                Wire.frame(1, 0, 3, java.util.Arrays.copyOf(p, 5)),
                Wire.frame(9, 4, 3, java.util.Arrays.copyOfRange(p, 5, p.length)),
                Wire.data(3, "abc", false),
                Wire.data(3, "de", true));
        while (all.isReadable()) {
            send(Unpooled.copiedBuffer(all.readSlice(Math.min(all.readableBytes(), 1 + random.nextInt(9)))));
        }
        assertThat(received()).contains(OK, "DATA 1 ok end", "DATA 3 ok end");
        assertThat(requests.toString().replace("><", "").replace("<>", "")).isEqualTo("GET /ok;POST /ok<abcde>;");
        assertThat(stats.value("http.t.downstream_cx_http1_total")).isZero();
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
