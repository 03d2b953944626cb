package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.transport.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection of its own for what a CONNECT carries, seen as a request: the headers go nowhere and are answered 200 when
 * the connection is there, the bodies are the bytes. Confined to its loop.
 */
public final class TcpTunnel implements UpstreamStream, TcpListener {
    private final TcpUpstream connection;
    private final UpstreamListener listener;
    private final Runnable flushTask = this::flushNow;
    private boolean answered;
    private boolean outputEnded;
    private boolean flushPending;
    private boolean over;
    private int pauses;

    TcpTunnel(ClusterPools pools, Endpoint endpoint, UpstreamListener listener) {
        this.listener = listener;
        connection = pools.tcp(endpoint, listener.downstreamConnection(), this);
    }

    void start() {
        if (!connection.start()) {
            over = true;
            listener.onPoolFailure(ResetReason.OVERFLOW, null);
        }
    }

    @Override
    public Endpoint endpoint() {
        return connection.endpoint();
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return connection.localAddress();
    }

    @Override
    public @Nullable SocketAddress elsewhere() {
        return connection.elsewhere();
    }

    @Override
    public @Nullable TlsSession tls() {
        return null;
    }

    /** Nothing of HTTP is spoken. */
    @Override
    public @Nullable String protocol() {
        return null;
    }

    @Override
    public long connectionId() {
        return connection.id;
    }

    // ---- the request ----

    @Override
    public void sendHeaders(HeaderMap headers, boolean endStream) {
        // Not from here: who sends has not finished with it.
        connection.channel().eventLoop().execute(() -> {
            answer();
            if (!over && pauses == 0) {
                connection.read(true);
            }
        });
        if (endStream) {
            endOutput();
        }
    }

    private void answer() {
        if (!over && !answered) {
            answered = true;
            HeaderMap headers = listener.responseHeaders();
            headers.clear();
            headers.add(HeaderName.STATUS, "200");
            listener.onHeaders(headers, false);
        }
    }

    @Override
    public void sendData(ByteBuf transferred, boolean endStream) {
        if (over || outputEnded) {
            transferred.release();
            return;
        }
        connection.write(transferred);
        if (endStream) {
            endOutput();
        } else if (!flushPending) {
            flushPending = true;
            connection.channel().eventLoop().execute(flushTask);
        }
    }

    @Override
    public void sendTrailers(HeaderMap trailers) {
        endOutput();
    }

    private void endOutput() {
        if (!outputEnded && !over) {
            outputEnded = true;
            connection.end();
        }
    }

    private void flushNow() {
        flushPending = false;
        if (!over) {
            connection.flush();
        }
    }

    /** Also takes back a connection that is still being opened. */
    @Override
    public void reset() {
        over = true;
        connection.close();
    }

    @Override
    public void pauseReads() {
        if (pauses++ == 0) {
            connection.countPause(true);
            connection.read(false);
        }
    }

    @Override
    public void resumeReads() {
        if (pauses > 0 && --pauses == 0 && !over) {
            connection.countPause(false);
            connection.read(true);
        }
    }

    // ---- the connection ----

    @Override
    public void onConnected() {
        listener.onReady(this);
    }

    @Override
    public void onConnectFailure(ResetReason reason, @Nullable String transportFailure) {
        over = true;
        listener.onPoolFailure(reason, transportFailure);
    }

    @Override
    public void onData(ByteBuf data) {
        if (over) {
            data.release();
        } else {
            listener.onData(data, false);
        }
    }

    @Override
    public void onReadComplete() {}

    /** The peer's end is that of the response, and with it of the tunnel. */
    @Override
    public void onEnd() {
        if (!over) {
            over = true;
            connection.closedByPeer();
            listener.onData(Unpooled.EMPTY_BUFFER, true);
        }
    }

    @Override
    public void onWritable(boolean writable) {
        if (!over) {
            listener.onWritable(writable);
        }
    }

    @Override
    public void onClosed(boolean reset) {
        if (!over) {
            over = true;
            listener.onReset(ResetReason.CONNECTION_TERMINATION);
        }
    }
}
