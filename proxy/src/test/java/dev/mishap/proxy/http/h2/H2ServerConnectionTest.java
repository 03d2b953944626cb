package dev.mishap.proxy.http.h2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.h1.H1ServerConnection;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ProcessEnd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class H2ServerConnectionTest extends H2ServerRig {
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
        options = options(false, new H2Options.Keepalive(1_000_000, 5_000_000, 0, 0));
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
}
