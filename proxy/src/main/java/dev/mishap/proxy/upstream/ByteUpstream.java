package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.transport.TlsSession;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Where the bytes of one downstream connection go, and others come back from: told of by a {@link TcpListener}. Confined to its loop. */
public interface ByteUpstream {
    /** Starts to connect; false, with nothing told to the listener, when a circuit breaker does not let it. */
    boolean start();

    Endpoint endpoint();

    @Nullable
    InetSocketAddress localAddress();

    /** Where the connection goes when that need not be the endpoint's address; null when it is. */
    default @Nullable SocketAddress elsewhere() {
        return null;
    }

    /** The connection's id, from the sequence of all connections of the process. */
    long connectionId();

    /** Facts of the connection's TLS session; null when it has none. */
    @Nullable
    TlsSession tls();

    /** Takes {@code transferred}, which is sent at the next {@link #flush}. */
    void write(ByteBuf transferred);

    void flush();

    /** Sends what is written and then that nothing follows; the peer may still send. */
    void end();

    /** Reads on, or not. */
    void read(boolean on);

    /** Counts that this proxy stopped reading since the other side takes no more, or reads on. */
    void countPause(boolean paused);

    /** Closes at once; what is not sent yet is dropped. Also takes back a connect under way. */
    void close();

    /** Sends what is written, then closes. */
    void closeWhenSent();

    /** The peer's end came last: the connection counts as closed by the peer. */
    void closedByPeer();

    /** Resets the connection. */
    void reset();
}
