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
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A downstream HTTP/2 connection whose client is a test, which writes and reads its frames. */
abstract class H2ServerRig {
    static final String OK = "HEADERS 1 {:status=200, content-length=2, content-type=text/plain}";

    final StatsStore stats = new StatsStore();
    final DrainState drain = new DrainState();
    final List<String> log = new ArrayList<>();
    final BytesMeter bytes = new BytesMeter();
    final Map<String, HttpStream> streams = new HashMap<>();
    final StringBuilder requests = new StringBuilder();
    final Wire wire = new Wire();
    ConnectionManagerConfig config;
    H2Options options = H2Options.DEFAULT;
    H1Limits limits = H1Limits.DEFAULT;
    EmbeddedChannel channel;

    /** The defaults but for these two. */
    static H2Options options(boolean streamErrorOnInvalidMessage, H2Options.Keepalive keepalive) {
        H2Options d = H2Options.DEFAULT;
        return new H2Options(
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
                streamErrorOnInvalidMessage,
                d.customSettings(),
                keepalive);
    }

    /** Writes the request down; answers paths that start with /ok when the request is complete, /early at once, others never. */
    final class Terminal implements HttpFilter {
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

    ConnectionManagerConfig withFilters(List<ChainFilter> filters) {
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

    void open() {
        channel = new EmbeddedChannel(new H2ServerConnection(
                config,
                options,
                new H2Stats(stats.scope("http2."), true),
                limits,
                new ConnectionInfo(),
                System.nanoTime(),
                false));
        send(Wire.preface());
        assertThat(received())
                .filteredOn(frame -> !frame.equals("PING")) // where that is asked for, its time may have come
                .containsExactly("SETTINGS", "SETTINGS ack", "WINDOW 0 25100289");
    }

    void send(ByteBuf... frames) {
        channel.writeInbound((Object[]) frames);
        channel.runPendingTasks();
    }

    List<String> received() {
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

    static ByteBuf many(int times, java.util.function.Supplier<ByteBuf> one, ByteBuf... first) {
        ByteBuf all = Unpooled.buffer().writeBytes(Unpooled.wrappedBuffer(first));
        for (int i = 0; i < times; i++) {
            all.writeBytes(one.get());
        }
        return all;
    }

    static void answer(HttpStream s) {
        HeaderMap h = new HeaderMap();
        h.add(HeaderName.STATUS, "200");
        s.encodeHeaders(h, false);
    }

    /** One SETTINGS frame that says INITIAL_WINDOW_SIZE several times. */
    static ByteBuf windows(int... sizes) {
        ByteBuf settings = Unpooled.buffer();
        for (int size : sizes) {
            settings.writeShort(H2Frame.INITIAL_WINDOW_SIZE).writeInt(size);
        }
        return Wire.frame(H2Frame.SETTINGS, 0, 0, ByteBufUtil.getBytes(settings));
    }
}
