package dev.mishap.proxy.http.h1;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.ActiveStream;
import dev.mishap.proxy.http.ConnectionManagerConfig;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.ConnectionManagerStats;
import dev.mishap.proxy.http.DownstreamCodec;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.SpareStreams;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ProcessEnd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class H1ServerConnectionTest {
    private static final String GET = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    private final StatsStore stats = new StatsStore();
    private final DrainState drain = new DrainState();
    private final List<String> log = new ArrayList<>();
    private final Middle middle = new Middle();
    private final Terminal terminal = new Terminal();
    private ConnectionManagerConfig config;
    private EmbeddedChannel channel;

    /** A filter whose answers a test chooses. */
    private static final class Middle implements HttpFilter {
        Flow onHeaders = Flow.CONTINUE;
        Flow onData = Flow.CONTINUE;
        Flow onTrailers = Flow.CONTINUE;
        Flow atEnd = Flow.PAUSE;
        Flow onResponse = Flow.CONTINUE;
        final StringBuilder taken = new StringBuilder();
        HttpStream stream;
        int ends;

        @Override
        public Flow onRequestHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
            stream = s;
            return onHeaders;
        }

        @Override
        public Flow onRequestData(HttpStream s, ByteBuf borrowed, boolean endStream) {
            if (onData == Flow.TAKEN) {
                taken.append(borrowed.toString(StandardCharsets.ISO_8859_1));
            }
            return onHeaders == Flow.HOLD && endStream ? atEnd : onData;
        }

        @Override
        public Flow onRequestTrailers(HttpStream s, HeaderMap trailers) {
            return onTrailers;
        }

        @Override
        public Flow onResponseHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
            return onResponse;
        }

        @Override
        public void onStreamEnd(HttpStream s) {
            ends++;
        }
    }

    /** The terminal filter: collects the request; answers as a test says. */
    private static final class Terminal implements HttpFilter {
        final StringBuilder requests = new StringBuilder();
        Consumer<HttpStream> onEnd = s -> s.sendLocalReply(LocalReply.of(200, "ok", "test"));
        HttpStream stream;

        @Override
        public Flow onRequestHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
            stream = s;
            requests.append(headers.get(HeaderName.METHOD)).append(' ').append(headers.get(HeaderName.PATH));
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
                onEnd.accept(s);
            }
            return Flow.CONTINUE;
        }
    }

    @BeforeEach
    void setUp() {
        config = new ConnectionManagerConfig(
                new ConnectionManagerStats(stats.scope("http.t."), stats.scope("listener.l.http.t.")),
                drain,
                s -> null,
                List.of(new ChainFilter("middle", () -> middle, false), new ChainFilter("end", () -> terminal, false)),
                List.of(s -> log.add(s.info().responseCode + " " + flags(s) + s.info().responseCodeDetails)));
        config.generateRequestId = false;
    }

    private static String flags(HttpStream s) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < s.info().flagCount(); i++) {
            out.append(s.info().flag(i).shortName()).append(' ');
        }
        return out.toString();
    }

    private void open() {
        channel = new EmbeddedChannel(new H1ServerConnection(
                config,
                new H1Limits(60 * 1024, 100, H1Limits.Underscores.ALLOW, true, config.acceptHttp10),
                new ConnectionInfo()));
    }

    @AfterEach
    void nothingIsLeft() {
        if (channel != null) {
            channel.finishAndReleaseAll();
            assertThat(stats.value("http.t.downstream_rq_active")).isZero();
            assertThat(stats.value("http.t.downstream_cx_active")).isZero();
            assertThat(stats.value("http.t.downstream_rq_total")).isEqualTo(log.size());
        }
    }

    private void send(String bytes) {
        channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
        channel.runPendingTasks();
    }

    private String received() {
        channel.runPendingTasks();
        StringBuilder out = new StringBuilder();
        ByteBuf b;
        while ((b = channel.readOutbound()) != null) {
            out.append(b.toString(StandardCharsets.ISO_8859_1));
            b.release();
        }
        return out.toString().replaceAll("date: [^\r]*\r\n", "");
    }

    private static String ok(String extra) {
        return "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\nserver: envoy\r\n" + extra
                + "\r\nok";
    }

    @Test
    void answersPipelinedRequestsInOrder() {
        open();
        send(GET + "POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc" + GET.substring(0, 10));
        assertThat(received()).isEqualTo(ok("") + ok(""));
        send(GET.substring(10));
        assertThat(received()).isEqualTo(ok(""));
        assertThat(terminal.requests).hasToString("GET /;POST /2<abc>;GET /;");
        assertThat(stats.value("http.t.downstream_rq_2xx")).isEqualTo(3);
        assertThat(stats.value("http.t.downstream_rq_completed")).isEqualTo(3);
        assertThat(middle.ends).isEqualTo(3);
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void idleConnectionsHoldNoStream() {
        open();
        EmbeddedChannel first = channel;
        send(GET);
        HttpStream used = terminal.stream;
        assertThat(received()).isEqualTo(ok(""));
        open();
        EmbeddedChannel second = channel;
        terminal.onEnd = s -> {};
        send("GET /second HTTP/1.1\r\nhost: b\r\n\r\n");
        // Embedded channels have a loop each; on one loop the second connection would get the same object.
        HttpStream ofSecond = terminal.stream;
        channel = first;
        terminal.onEnd = s -> s.sendLocalReply(LocalReply.of(200, "ok", "test"));
        send(GET);
        assertThat(terminal.stream).isSameAs(used).isNotSameAs(ofSecond);
        assertThat(received()).isEqualTo(ok(""));
        first.close();
        assertThat(stats.value("http.t.downstream_cx_destroy_active_rq")).isZero();
        channel = second;
        ofSecond.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok(""));
        assertThat(log).hasSize(3);
    }

    @Test
    void aStreamThatServesTheNextConnectionKnowsNothingOfTheOneBefore() {
        open();
        SpareStreams streams = config.streams(channel.eventLoop());
        DownstreamCodec codec = (H1ServerConnection) channel.pipeline().first();
        ActiveStream one = streams.take(codec);
        ActiveStream two = streams.take(codec);
        assertThat(two).isNotSameAs(one);
        one.begin(System.nanoTime());
        one.info().addFlag(ResponseFlag.DELAY_INJECTED);
        one.onDisconnect(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION, "gone");
        streams.giveBack(one);
        one.sendLocalReply(LocalReply.of(200, "late", "late"));
        assertThat(received()).isEmpty();

        assertThat(streams.take(codec)).isSameAs(one);
        one.begin(System.nanoTime());
        one.onDisconnect(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION, "gone too");
        streams.giveBack(one);
        streams.giveBack(two);
        assertThat(log).containsExactly("0 DI DC gone", "0 DC gone too");
    }

    @Test
    void aPipelinedRequestWaitsForTheResponseBeforeIt() {
        terminal.onEnd = s -> {};
        open();
        send(GET + "GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
        assertThat(terminal.requests).hasToString("GET /;");
        assertThat(channel.config().isAutoRead()).as("the client must wait").isFalse();
        terminal.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok(""));
        assertThat(terminal.requests).hasToString("GET /;GET /2;");
        assertThat(channel.config().isAutoRead()).isTrue();
        terminal.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok(""));
    }

    @Test
    void aPausedRequestKeepsItsBodyAndStopsTheClientAtTheLimit() {
        config.bufferLimit = 8;
        middle.onHeaders = Flow.PAUSE;
        open();
        send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n");
        assertThat(channel.config().isAutoRead()).isTrue();
        send("5\r\nfghij\r\n0\r\nx: y\r\n\r\n");
        assertThat(channel.config().isAutoRead()).isFalse();
        assertThat(terminal.requests).isEmpty();
        middle.stream.resumeRequest(middle);
        assertThat(terminal.requests).hasToString("POST /<abcdefghij>{x=y};");
        assertThat(received()).isEqualTo(ok(""));
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void heldHeadersGoOnWithWhatWasKeptBehindThem() {
        middle.onHeaders = Flow.HOLD;
        middle.onData = Flow.PAUSE;
        middle.atEnd = Flow.CONTINUE;
        open();
        send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc");
        send("de");
        assertThat(terminal.requests).isEmpty();
        send("f");
        assertThat(terminal.requests.toString().replace("><", "")).isEqualTo("POST /<abcdef>;");
        assertThat(received()).isEqualTo(ok(""));
    }

    @Test
    void heldHeadersGoOnAtTheTrailersOrWhenTheFilterSays() {
        middle.onHeaders = Flow.HOLD;
        middle.onData = Flow.PAUSE;
        open();
        send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx: y\r\n\r\n");
        assertThat(terminal.requests).hasToString("POST /<ab>{x=y};");
        assertThat(received()).isEqualTo(ok(""));
        terminal.requests.setLength(0);
        middle.onTrailers = Flow.PAUSE;
        send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx: y\r\n\r\n");
        assertThat(terminal.requests).isEmpty();
        middle.stream.resumeRequest(middle);
        assertThat(terminal.requests).hasToString("POST /<ab>{x=y};");
        assertThat(received()).isEqualTo(ok(""));
    }

    @Test
    void whatIsKeptBehindHeldHeadersIsBoundedAndForgottenWithTheStream() {
        config.bufferLimit = 4;
        middle.onHeaders = Flow.HOLD;
        middle.onData = Flow.PAUSE;
        open();
        send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n012345");
        assertThat(channel.config().isAutoRead()).isFalse();
        middle.stream.raiseRequestBufferLimit(100);
        middle.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).contains("connection: close");
        assertThat(terminal.requests).isEmpty();
    }

    @Test
    void aPauseThatNobodyResumesEndsWithItsStream() {
        config.bufferLimit = 4;
        middle.onData = Flow.PAUSE;
        open();
        send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n0123456789");
        assertThat(channel.config().isAutoRead()).isFalse();
        middle.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok(""));
        assertThat(channel.config().isAutoRead())
                .as("the next request must be read")
                .isTrue();
        middle.onData = Flow.CONTINUE;
        send(GET);
        assertThat(received()).isEqualTo(ok(""));
    }

    @Test
    void aFilterMayTakeBytesAndSendOthers() {
        middle.onData = Flow.TAKEN;
        open();
        send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc");
        assertThat(middle.taken).hasToString("abc");
        middle.stream.injectRequestData(middle, Unpooled.copiedBuffer("xyz", StandardCharsets.ISO_8859_1), true);
        assertThat(terminal.requests).hasToString("POST /<xyz>;");
        assertThat(received()).isEqualTo(ok(""));
    }

    @Test
    void aStreamedResponseIsChunkedAndWaitsForItsFilters() {
        middle.onResponse = Flow.PAUSE;
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.STATUS, "200");
        HeaderMap trailers = new HeaderMap();
        trailers.add(HeaderName.of("x-t"), "1");
        terminal.onEnd = s -> {
            s.encodeHeaders(headers, false);
            s.encodeData(Unpooled.copiedBuffer("hello", StandardCharsets.ISO_8859_1), false);
            s.encodeTrailers(trailers);
        };
        open();
        send(GET);
        assertThat(received()).isEmpty();
        middle.stream.resumeResponse(middle);
        assertThat(received())
                .isEqualTo(
                        "HTTP/1.1 200 OK\r\nserver: envoy\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n");
        assertThat(log).containsExactly("200 via_upstream");
    }

    @Test
    void headGetsTheHeadersOnly() {
        open();
        send("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n" + GET);
        assertThat(received()).isEqualTo(ok("").replace("\r\n\r\nok", "\r\n\r\n") + ok(""));
    }

    @Test
    void anAnswerBeforeTheEndOfTheRequestEndsTheConnection() {
        middle.onHeaders = Flow.PAUSE;
        open();
        send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n01");
        middle.stream.sendLocalReply(LocalReply.of(503, "ok", "fault_filter_abort"));
        assertThat(received()).contains("503 Service Unavailable").contains("connection: close");
        send("23456789" + GET);
        assertThat(received()).as("what follows is dropped").isEmpty();
        assertThat(stats.value("http.t.downstream_rq_response_before_rq_complete"))
                .isEqualTo(1);
        assertThat(log).hasSize(1);
    }

    @Test
    void malformedBytesGet400AndAreLogged() {
        open();
        send(GET + "GET / HTTP/1.1\r\nbad header\r\n\r\n" + GET);
        assertThat(received())
                .isEqualTo(ok("") + "HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\ncontent-type: text/plain\r\n"
                        + "server: envoy\r\nconnection: close\r\n\r\nBad Request");
        assertThat(log).containsExactly("200 test", "400 DPE http1.codec_error");
        assertThat(stats.value("http.t.downstream_cx_protocol_error")).isEqualTo(1);
        assertThat(stats.value("http.t.downstream_rq_4xx")).isEqualTo(1);
    }

    @Test
    void http10NeedsToBeAccepted() {
        open();
        send("GET / HTTP/1.0\r\nhost: a\r\n\r\n");
        assertThat(received()).startsWith("HTTP/1.1 426 Upgrade Required").contains("connection: close");
        assertThat(log).containsExactly("426 DPE low_version");
        channel.finishAndReleaseAll();
        config.acceptHttp10 = true;
        config.defaultHostForHttp10 = "d";
        config.delayedCloseTimeoutNanos = 0;
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.STATUS, "200");
        terminal.onEnd = s -> {
            s.encodeHeaders(headers, false);
            s.encodeData(Unpooled.copiedBuffer("hello", StandardCharsets.ISO_8859_1), true);
        };
        open();
        send("GET / HTTP/1.0\r\n\r\n");
        assertThat(received()).isEqualTo("HTTP/1.0 200 OK\r\nserver: envoy\r\nconnection: close\r\n\r\nhello");
        assertThat(channel.isOpen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.9", "1.2", "2.0"})
    void otherVersionsAreTakenForHttp10(String version) {
        config.acceptHttp10 = true;
        open();
        send("GET / HTTP/" + version + "\r\nhost: a\r\n\r\n");
        assertThat(received()).startsWith("HTTP/1.0 200 OK");
    }

    @Test
    void aClientThatGoesAwayEndsItsStreamOnce() {
        middle.onHeaders = Flow.PAUSE;
        open();
        send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n01");
        middle.stream.info().addFlag(ResponseFlag.DELAY_INJECTED);
        channel.close();
        assertThat(middle.ends).isEqualTo(1);
        assertThat(log).containsExactly("0 DI DC downstream_remote_disconnect");
        assertThat(stats.value("http.t.downstream_cx_destroy_remote_active_rq")).isEqualTo(1);
        middle.stream.resumeRequest(middle);
        assertThat(terminal.requests).isEmpty();
    }

    @Test
    void aResponseThatIsCutClosesTheConnection() {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.STATUS, "200");
        terminal.onEnd = s -> {
            s.encodeHeaders(headers, false);
            s.abortResponse("upstream_reset_after_response_started{connection_termination}");
        };
        open();
        send(GET);
        assertThat(received()).contains("transfer-encoding: chunked").doesNotContain("0\r\n\r\n");
        assertThat(channel.isOpen()).isFalse();
        assertThat(log).containsExactly("200 upstream_reset_after_response_started{connection_termination}");
    }

    @Test
    void aConnectionEndsAfterItsShareOfRequests() {
        config.maxRequestsPerConnection = 2;
        config.delayedCloseTimeoutNanos = 0;
        open();
        send(GET + GET);
        assertThat(received()).isEqualTo(ok("") + ok("connection: close\r\n"));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void theClientOfAnAnswerThatIsThereAtOnceMayCloseFirst() {
        config.maxRequestsPerConnection = 1;
        open();
        send(GET);
        assertThat(received()).isEqualTo(ok("connection: close\r\n"));
        assertThat(channel.isOpen()).isTrue();
        channel.finishAndReleaseAll();
        terminal.onEnd = s -> {};
        open();
        send(GET);
        terminal.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok("connection: close\r\n"));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void anOldConnectionEndsWithTheNextRequestThatBegins() {
        config.safeMaxConnectionDuration = true;
        config.maxConnectionDurationNanos = 3600L * 1_000_000_000;
        terminal.onEnd = s -> {};
        open();
        send(GET);
        channel.pipeline().get(H1ServerConnection.class).tooOld();
        terminal.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok(""));
        assertThat(channel.isOpen()).isTrue();
        send(GET);
        terminal.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok("connection: close\r\n"));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void drainingEndsIdleConnectionsAtOnceAndBusyOnesAfterTheirResponse() {
        terminal.onEnd = s -> {};
        open();
        send(GET);
        drain.draining(true);
        channel.pipeline().fireUserEventTriggered(new ProcessEnd());
        assertThat(channel.isOpen()).isTrue();
        terminal.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok("connection: close\r\n"));
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
        open();
        channel.pipeline().fireUserEventTriggered(new ProcessEnd());
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void anIdleConnectionThatWasUsedIsDrainedBeforeItIsClosed() {
        long hour = 3600L * 1_000_000_000;
        config.delayedCloseTimeoutNanos = 0;
        config.idleTimeoutNanos = hour;
        open();
        config.idleTimeoutNanos = 1;
        send(GET);
        assertThat(received()).isEqualTo(ok(""));
        while (stats.value("http.t.downstream_cx_idle_timeout") == 0) {
            channel.runScheduledPendingTasks();
        }
        assertThat(channel.isOpen()).isTrue();
        send(GET);
        assertThat(received()).isEqualTo(ok("connection: close\r\n"));
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
        config.idleTimeoutNanos = hour;
        config.drainTimeoutNanos = 1;
        open();
        config.idleTimeoutNanos = 1;
        send(GET);
        assertThat(received()).isEqualTo(ok(""));
        while (channel.isOpen()) {
            channel.runScheduledPendingTasks();
        }
        assertThat(stats.value("http.t.downstream_cx_idle_timeout")).isEqualTo(2);
    }

    @Test
    void aHeadThatTakesTooLongGets408() {
        config.requestHeadersTimeoutNanos = 1;
        open();
        send("GET / HTTP/1.1\r\nx-slow: ");
        while (log.isEmpty()) {
            channel.runScheduledPendingTasks();
        }
        assertThat(received()).startsWith("HTTP/1.1 408 Request Timeout").endsWith("request header timeout");
        assertThat(stats.value("http.t.downstream_rq_header_timeout")).isEqualTo(1);
    }

    @Test
    void aHeadThatNeverEndsLeavesNothingOfItselfInTheLog() {
        open();
        send("GET /secret HTTP/1.1\r\nhost: a\r\nx-part: ");
        channel.close();
        assertThat(log).containsExactly("0 DC downstream_remote_disconnect");
        assertThat(terminal.requests).isEmpty();
    }

    @Test
    void aRefusalByStatus400EndsTheConnectionButAnUpstreams400DoesNot() {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.STATUS, "400");
        terminal.onEnd = s -> s.encodeHeaders(headers, true);
        open();
        send(GET);
        assertThat(received()).startsWith("HTTP/1.1 400 ").doesNotContain("connection: close");
        terminal.onEnd = s -> s.sendLocalReply(LocalReply.of(400, "bad", "test"));
        send("GET / HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\n\r\n");
        assertThat(received()).startsWith("HTTP/1.1 200 ").contains("grpc-status: 13", "connection: close");
    }

    @RepeatedTest(50)
    void anythingAtAllIsAnsweredOrWaitedForWithoutALeak(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        open();
        byte[] bytes = (GET + "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"
                        + GET)
                .getBytes(StandardCharsets.ISO_8859_1);
        for (int i = random.nextInt(4); i > 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        for (int at = 0; at < bytes.length; ) {
            int n = Math.min(bytes.length - at, 1 + random.nextInt(40));
            channel.writeInbound(Unpooled.copiedBuffer(bytes, at, n));
            at += n;
        }
        channel.checkException();
        assertThat(received()).startsWith("HTTP/1.1 ");
    }

    /** A client that takes nothing: no write ever ends. */
    private static final class Stuck extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ReferenceCountUtil.release(message);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientThatReadsNothingIsClosedAllTheSame(boolean cut) {
        config.delayedCloseTimeoutNanos = 1;
        if (cut) {
            terminal.onEnd = s -> s.abortResponse("test");
        }
        open();
        channel.pipeline().addFirst(new Stuck());
        send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        long until = System.nanoTime() + 5_000_000_000L;
        while (channel.isOpen() && System.nanoTime() < until) {
            channel.runScheduledPendingTasks();
        }
        assertThat(channel.isOpen()).isFalse();
        assertThat(stats.value("http.t.downstream_cx_delayed_close_timeout")).isEqualTo(1);
    }

    @Test
    void aResponseIsHeldBackWhenTheOneBeforeItIsStillOnItsWay() {
        List<String> told = new ArrayList<>();
        terminal.onEnd = s -> s.responseWatermark(new HttpStream.WatermarkListener() {
            @Override
            public void aboveHighWatermark() {
                told.add("above");
            }

            @Override
            public void belowLowWatermark() {
                told.add("below");
            }
        });
        open();
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        channel.runPendingTasks();
        send(GET);
        assertThat(told).containsExactly("above");
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        channel.runPendingTasks();
        assertThat(told).containsExactly("above", "below");
        terminal.stream.sendLocalReply(LocalReply.of(200, "ok", "test"));
        assertThat(received()).isEqualTo(ok(""));
    }
}
