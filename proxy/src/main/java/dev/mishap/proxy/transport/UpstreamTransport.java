package dev.mishap.proxy.transport;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What stands between an upstream connection's socket and its protocol. One a cluster, or a match of its endpoints; shared by all loops. */
public interface UpstreamTransport {
    /** Where a channel has the facts of its TLS session, once there is one. */
    AttributeKey<TlsSession> SESSION = AttributeKey.valueOf(UpstreamTransport.class, "session");

    /**
     * What a connection wants of its transport.
     *
     * @param serverName the name to ask the server for, or null for the configured one
     * @param verifyName whether the server's certificate must be for {@code serverName}
     * @param applicationProtocols what to offer when the configuration names none, in order
     * @param instead what to offer in the place of what the configuration names; empty = nothing takes its place
     * @param downstream the client's connection that it is for, when it is for those of one only; else null
     * @param filterState what of that connection's filter state is shared with those upstream, by key
     */
    record Options(
            @Nullable String serverName,
            boolean verifyName,
            List<String> applicationProtocols,
            List<String> instead,
            @Nullable ProxiedConnection downstream,
            Map<String, FilterStateValue> filterState) {
        public static final Options HTTP1 = new Options(null, false, List.of("http/1.1"));
        public static final Options HTTP2 = new Options(null, false, List.of("h2"));
        public static final Options AUTO = new Options(null, false, List.of("h2", "http/1.1"));
        public static final Options NONE = new Options(null, false, List.of());

        public Options {
            applicationProtocols = List.copyOf(applicationProtocols);
            instead = List.copyOf(instead);
            filterState = Map.copyOf(filterState);
        }

        public Options(@Nullable String serverName, boolean verifyName, List<String> applicationProtocols) {
            this(serverName, verifyName, applicationProtocols, List.of(), null, Map.of());
        }

        /** The same with filter state. */
        public Options with(Map<String, FilterStateValue> state) {
            return new Options(serverName, verifyName, applicationProtocols, instead, downstream, state);
        }

        /** The same for bytes of {@code connection}. */
        public static Options of(@Nullable ConnectionInfo connection) {
            return connection == null
                    ? NONE
                    : new Options(
                            null,
                            false,
                            List.of(),
                            List.of(),
                            ProxiedConnection.of(connection),
                            connection.sharedFilterState());
        }
    }

    /**
     * Adds its handlers to a channel that is about to connect to {@code to}. The future completes, on the channel's loop, when the
     * protocol may begin, or fails; see {@link #failure}.
     *
     * @param hostname the endpoint's name, {@code ""} when it has none
     */
    Future<Channel> install(Channel channel, SocketAddress to, String hostname, Options options);

    /**
     * Likewise.
     *
     * @param metadata the endpoint's, by namespace
     */
    default Future<Channel> install(
            Channel channel,
            SocketAddress to,
            String hostname,
            Map<String, Map<String, Object>> metadata,
            Options options) {
        return install(channel, to, hostname, options);
    }

    /** What made a connection fail, in Envoy's words, or null when it was not this transport. */
    @Nullable
    String failure(Throwable cause);

    /** Whether the peer is asked for an application protocol, so that what it chose is known. */
    boolean negotiates();

    /** How many bytes it writes of its own before those of the protocol, for the cluster's count of bytes. */
    default int bytesBefore(Channel channel, @Nullable ProxiedConnection downstream) {
        return 0;
    }

    /** Whether it tells the peer of the client's connection, so that a connection is only good for requests that came by that one. */
    default boolean tellsOfDownstream() {
        return false;
    }
}
