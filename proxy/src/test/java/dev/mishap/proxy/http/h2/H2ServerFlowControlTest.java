package dev.mishap.proxy.http.h2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Windows of both directions, and what waits for them. */
class H2ServerFlowControlTest extends H2ServerRig {
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
}
