package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.transport.TlsSession;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One request on an upstream connection. Whoever holds it lets go of it when the response has ended or the stream was reset,
 * since the object may serve another request then.
 */
public interface UpstreamStream {
    Endpoint endpoint();

    @Nullable
    InetSocketAddress localAddress();

    /** Where the connection goes when that need not be the endpoint's address; null when it is. */
    @Nullable
    SocketAddress elsewhere();

    /** Facts of the connection's TLS session; null when it has none. */
    @Nullable
    TlsSession tls();

    /** {@code HTTP/1.1} or {@code HTTP/2}; null for plain TCP. */
    @Nullable
    String protocol();

    /** The connection's id, from the sequence of all connections of the process; 0 = unknown. */
    default long connectionId() {
        return 0;
    }

    /** When the connection was begun, by {@link System#nanoTime}, if this is its first request; else 0. */
    default long connectStartNanos() {
        return 0;
    }

    /** When it was there, likewise. */
    default long connectEndNanos() {
        return 0;
    }

    /**
     * Says, before the headers are sent, that the request is the tunnel of a TCP connection. Then the request goes on after the end of the
     * response where the protocol has that; HTTP/1 has not: there the end of either closes the connection.
     */
    default void carriesTcp() {}

    void sendHeaders(HeaderMap headers, boolean endStream);

    void sendData(ByteBuf transferred, boolean endStream);

    void sendTrailers(HeaderMap trailers);

    /** Gives the request up. The listener is told nothing more. */
    void reset();

    /** Stops reading the response until as many calls of {@link #resumeReads}. */
    void pauseReads();

    void resumeReads();
}
