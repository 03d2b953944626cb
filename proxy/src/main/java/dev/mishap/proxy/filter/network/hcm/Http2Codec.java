package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.http.ConnectionManagerConfig;
import dev.mishap.proxy.http.h1.H1Limits;
import dev.mishap.proxy.http.h1.H1ServerConnection;
import dev.mishap.proxy.http.h2.H2Config;
import dev.mishap.proxy.http.h2.H2Options;
import dev.mishap.proxy.http.h2.H2ServerConnection;
import dev.mishap.proxy.http.h2.H2Stats;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.channel.ChannelHandler;
import org.jspecify.annotations.Nullable;

/** HTTP/2 of one connection manager. Its options are read at start, its classes are loaded by the first client that speaks it. */
final class Http2Codec {
    private final ConnectionManagerConfig config;
    private final H1Limits limits;
    private final Scope root;
    private final @Nullable H2Options options;
    private volatile @Nullable H2Stats stats;

    Http2Codec(ConfigNode node, ConnectionManagerConfig config, H1Limits limits, Scope root) {
        this.config = config;
        this.limits = limits;
        this.root = root;
        ConfigNode given = node.message("http2_protocol_options");
        boolean streamErrors = node.bool("stream_error_on_invalid_http_message", false);
        // The defaults are made when they are needed.
        this.options = given == null && !streamErrors ? null : H2Config.from(given, streamErrors);
    }

    /** @param always whether no other protocol is spoken */
    TerminalFilterFactory installer(boolean always) {
        return always
                ? (channel, connection) -> channel.pipeline().addLast(handler(connection, System.nanoTime(), false))
                : (channel, connection) -> channel.pipeline()
                        .addLast(new H1ServerConnection(
                                config, limits, connection, opened -> handler(connection, opened, true)));
    }

    private ChannelHandler handler(ConnectionInfo connection, long openedNanos, boolean counted) {
        return new H2ServerConnection(config, options(), stats(), limits, connection, openedNanos, counted);
    }

    private H2Options options() {
        H2Options o = options;
        return o == null ? H2Options.DEFAULT : o;
    }

    private H2Stats stats() {
        H2Stats s = stats;
        if (s == null) {
            s = new H2Stats(root.scope("http2."), true);
            stats = s; // made twice by two workers at once it is the same counters
        }
        return s;
    }
}
