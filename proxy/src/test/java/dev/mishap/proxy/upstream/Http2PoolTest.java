package dev.mishap.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.CircuitBreakerConfig;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.cluster.UpstreamHttpConfig.Protocol;
import dev.mishap.proxy.http.h2.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Http2PoolTest {
    private ServerSocket server;
    private UpstreamFixture f;
    private final List<Peer> peers = new ArrayList<>();

    /** The server's side of one connection, by frames. */
    private static final class Peer {
        final Socket socket;
        final Wire wire = new Wire();
        final List<String> seen = new ArrayList<>();
        private int prefaceLeft = 24;

        Peer(Socket socket) {
            this.socket = socket;
        }

        void send(ByteBuf... frames) {
            ByteBuf all = Unpooled.wrappedBuffer(frames);
            byte[] bytes = new byte[all.readableBytes()];
            all.readBytes(bytes);
            try {
                socket.getOutputStream().write(bytes);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Reads until a frame that starts so has come, and returns it. */
        String await(String start) {
            try {
                while (true) {
                    for (String line : seen) {
                        if (line.startsWith(start)) {
                            seen.remove(line);
                            return line;
                        }
                    }
                    byte[] b = new byte[65536];
                    int n = socket.getInputStream().read(b);
                    if (n < 0) {
                        return "closed";
                    }
                    int skip = Math.min(prefaceLeft, n);
                    prefaceLeft -= skip;
                    wire.read(Unpooled.copiedBuffer(b, skip, n - skip));
                    seen.addAll(wire.lines());
                }
            } catch (IOException e) {
                return "broken";
            }
        }

        void answer(int stream) {
            send(wire.headers(stream, false, ":status=200", "content-length=2"), Wire.data(stream, "ok", true));
        }
    }

    @BeforeEach
    void setUp() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        server.setSoTimeout(10_000);
        f = fixture(CircuitBreakerConfig.DEFAULT);
    }

    private UpstreamFixture fixture(CircuitBreakerConfig limits) {
        UpstreamHttpConfig http = new UpstreamHttpConfig(
                0, 0, 0, 0, 100, 60 * 1024, UpstreamHttpConfig.Http1.DEFAULT, Protocol.HTTP2, null);
        return new UpstreamFixture(server.getLocalPort(), limits, http, 5_000);
    }

    @AfterEach
    void tearDown() throws IOException {
        f.close();
        server.close();
        for (Peer p : peers) {
            p.socket.close();
        }
        assertThat(f.stat("upstream_rq_active")).isZero();
        assertThat(f.stat("upstream_rq_pending_active")).isZero();
        f.await("upstream_cx_active", 0);
        assertThat(f.stat("http2.streams_active")).isZero();
    }

    private Peer accept(int... settings) throws IOException {
        Socket s = server.accept();
        s.setSoTimeout(10_000);
        Peer p = new Peer(s);
        peers.add(p);
        byte[] payload = new byte[settings.length * 3];
        ByteBuf b = Unpooled.wrappedBuffer(payload).clear();
        for (int i = 0; i < settings.length; i += 2) {
            b.writeShort(settings[i]).writeInt(settings[i + 1]);
        }
        p.send(Wire.frame(4, 0, 0, payload));
        return p;
    }

    @Test
    void requestsShareAConnection() throws IOException {
        UpstreamFixture.Request one = f.get();
        Peer p = accept();
        assertThat(p.await("HEADERS 1")).isEqualTo("HEADERS 1 {:method=GET, :path=/p, :authority=h} end");
        UpstreamFixture.Request two = f.get();
        p.await("HEADERS 3");
        p.answer(3);
        assertThat(two.untilEnd()).isEqualTo("ready, headers 200, body end");
        p.answer(1);
        assertThat(one.untilEnd()).isEqualTo("ready, headers 200, body end");
        assertThat(f.stat("upstream_cx_http2_total")).isOne();
        assertThat(f.stat("upstream_rq_total")).isEqualTo(2);
    }

    @Test
    void bodiesAndTrailersGoBothWays() throws IOException {
        UpstreamFixture.Request r = f.new Request("POST", "abc", true).start();
        Peer p = accept();
        assertThat(p.await("HEADERS 1")).doesNotContain("end");
        assertThat(p.await("DATA 1")).isEqualTo("DATA 1 abc end");
        p.send(
                p.wire.headers(1, false, ":status=103", "link=x"),
                p.wire.headers(1, false, ":status=200"),
                Wire.data(1, "x", false),
                p.wire.headers(1, true, "grpc-status=0"));
        assertThat(r.untilEnd()).isEqualTo("ready, informational 103, headers 200, trailers end");
    }

    @ParameterizedTest
    @CsvSource({"8, REMOTE_RESET", "7, REMOTE_REFUSED_STREAM_RESET", "0, REMOTE_RESET"})
    void aResetIsThatOfItsRequest(int code, ResetReason reason) throws IOException {
        UpstreamFixture.Request r = f.get();
        Peer p = accept();
        p.await("HEADERS 1");
        p.send(Wire.reset(1, code));
        assertThat(r.untilEnd()).isEqualTo("ready, reset " + reason);
        UpstreamFixture.Request next = f.get();
        p.await("HEADERS 3");
        p.answer(3);
        assertThat(next.untilEnd()).endsWith("body end");
    }

    @Test
    void goAwayRefusesWhatItDoesNotKnow() throws IOException {
        UpstreamFixture.Request one = f.get();
        Peer p = accept();
        p.await("HEADERS 1");
        UpstreamFixture.Request two = f.get();
        p.await("HEADERS 3");
        p.send(Wire.frame(7, 0, 0, new byte[] {0, 0, 0, 1, 0, 0, 0, 0}));
        assertThat(two.untilEnd()).isEqualTo("ready, reset REMOTE_REFUSED_STREAM_RESET");
        UpstreamFixture.Request three = f.get();
        Peer other = accept();
        other.await("HEADERS 1");
        other.answer(1);
        assertThat(three.untilEnd()).endsWith("body end");
        p.answer(1);
        assertThat(one.untilEnd()).endsWith("body end");
        assertThat(p.await("nothing")).isEqualTo("closed");
        assertThat(f.stat("upstream_cx_close_notify")).isOne();
    }

    @Test
    void aFullConnectionIsNotTheLast() throws IOException {
        UpstreamFixture.Request one = f.get();
        Peer p = accept(3, 1);
        p.await("SETTINGS ack");
        p.await("HEADERS 1");
        UpstreamFixture.Request two = f.get();
        Peer other = accept();
        other.await("HEADERS 1");
        other.answer(1);
        assertThat(two.untilEnd()).endsWith("body end");
        p.answer(1);
        assertThat(one.untilEnd()).endsWith("body end");
    }

    @Test
    void aConnectionThatBreaksTakesItsRequestsAlong() throws IOException {
        UpstreamFixture.Request one = f.get();
        Peer p = accept();
        p.await("HEADERS 1");
        UpstreamFixture.Request two = f.get();
        p.await("HEADERS 3");
        p.socket.close();
        assertThat(one.untilEnd()).isEqualTo("ready, reset CONNECTION_TERMINATION");
        assertThat(two.untilEnd()).isEqualTo("ready, reset CONNECTION_TERMINATION");
    }

    @Test
    void garbageIsAProtocolError() throws IOException {
        UpstreamFixture.Request one = f.get();
        Peer p = accept();
        p.await("HEADERS 1");
        p.send(Unpooled.copiedBuffer("HTTP/1.1 400 Bad Request\r\n\r\n", StandardCharsets.ISO_8859_1));
        assertThat(one.untilEnd()).isEqualTo("ready, reset PROTOCOL_ERROR");
        assertThat(p.await("GOAWAY")).isEqualTo("GOAWAY 0 6");
        assertThat(f.stat("upstream_cx_protocol_error")).isOne();
    }

    @Test
    void whatIsGivenUpIsReset() throws IOException {
        UpstreamFixture.Request one = f.get();
        Peer p = accept();
        p.await("HEADERS 1");
        one.on(UpstreamStream::reset);
        assertThat(p.await("RST")).isEqualTo("RST 1 2");
        UpstreamFixture.Request early = f.new Request("POST", "a", false).start();
        p.await("DATA 3");
        p.answer(3);
        assertThat(early.untilEnd()).endsWith("body end");
        assertThat(p.await("RST")).isEqualTo("RST 3 2");
    }

    @Test
    void aSlowReaderStopsTheRequest() throws IOException {
        UpstreamFixture.Request r = f.new Request("POST", "a", false).start();
        Peer p = accept();
        p.await("DATA 1");
        assertThat(r.next()).isEqualTo("ready");
        r.on(s -> s.sendData(Unpooled.buffer().writeZero(3 << 20), true));
        assertThat(r.next()).isEqualTo("writable false");
        p.send(Wire.windowUpdate(0, 8 << 20), Wire.windowUpdate(1, 8 << 20));
        assertThat(r.next()).isEqualTo("writable true");
        for (int i = 0; i < 3 << 20; i += 16_384) {
            assertThat(p.await("DATA 1")).startsWith("DATA 1");
        }
        p.answer(1);
        assertThat(r.untilEnd()).endsWith("body end");
    }

    @Test
    void thePeersBytesWaitForOurReader() throws IOException {
        UpstreamFixture.Request r = f.get();
        Peer p = accept();
        p.await("HEADERS 1");
        p.await("WINDOW 0");
        r.on(UpstreamStream::pauseReads);
        p.send(p.wire.headers(1, false, ":status=200"));
        for (int i = 0; i < 600; i++) {
            p.send(Wire.frame(0, 0, 1, new byte[16_384]));
        }
        p.send(Wire.frame(6, 0, 0, new byte[8]));
        p.await("PING");
        assertThat(p.seen).noneMatch(line -> line.startsWith("WINDOW"));
        r.on(UpstreamStream::resumeReads);
        assertThat(p.await("WINDOW 1")).isEqualTo("WINDOW 1 " + 600 * 16_384);
        p.send(Wire.data(1, "", true));
        assertThat(r.untilEnd()).endsWith("body end");
    }

    @Test
    void theCircuitBreakerCountsRequests() throws IOException {
        f.close();
        f = fixture(new CircuitBreakerConfig(10, 10, 1, 3, -1, 3, false));
        UpstreamFixture.Request one = f.get();
        Peer p = accept();
        p.await("HEADERS 1");
        assertThat(f.get().untilEnd()).isEqualTo("failed OVERFLOW");
        p.answer(1);
        assertThat(one.untilEnd()).endsWith("body end");
    }
}
