package dev.mishap.proxy.transport;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** The downstream transport socket of a filter chain, with its configuration parsed. Immutable. */
public interface TransportSocketFactory {
    /** Bytes as they are. */
    TransportSocketFactory RAW_BUFFER = new TransportSocketFactory() {
        @Override
        public @Nullable Future<?> install(Channel channel, ConnectionInfo connection) {
            return null;
        }

        @Override
        public String protocol() {
            return "raw_buffer";
        }
    };

    /**
     * Adds what the transport needs to the end of the pipeline, to which the network filters are added next; called on the
     * connection's loop before the first byte is handed to the pipeline.
     *
     * @return completes when the transport is ready (its handshake is done), or fails; null when it is ready at once
     */
    @Nullable
    Future<?> install(Channel channel, ConnectionInfo connection);

    /** {@code raw_buffer} or {@code tls}. Bytes of a raw buffer may be moved past the pipeline. */
    String protocol();
}
