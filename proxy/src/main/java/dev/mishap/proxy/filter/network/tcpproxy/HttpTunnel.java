package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.upstream.ByteUpstream;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.TcpListener;
import dev.mishap.proxy.upstream.UpstreamListener;
import dev.mishap.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The bytes of one downstream connection in a request to a proxy, which is there once that has answered 2xx. Confined to its loop. */
final class HttpTunnel implements ByteUpstream, UpstreamListener {
    private final Tunneling config;
    private final ClusterPools pools;
    private final Endpoint endpoint;
    private final ConnectionInfo connection;
    private final StreamInfo info;
    private final EventLoop loop;
    private final TcpListener listener;
    private final HeaderMap response = new HeaderMap();
    private final Runnable readCompleteTask = this::readComplete;
    private @Nullable UpstreamStream stream;
    private boolean starting;
    private boolean refused;
    private boolean open;
    private boolean over;
    private boolean outputEnded;
    private boolean inputEnded;
    private boolean paused;
    private boolean readCompletePending;

    HttpTunnel(
            Tunneling config,
            ClusterPools pools,
            Endpoint endpoint,
            ConnectionInfo connection,
            StreamInfo info,
            EventLoop loop,
            TcpListener listener) {
        this.config = config;
        this.pools = pools;
        this.endpoint = endpoint;
        this.connection = connection;
        this.info = info;
        this.loop = loop;
        this.listener = listener;
    }

    // ---- what the proxy of the connection does ----

    @Override
    public boolean start() {
        starting = true;
        pools.acquire(endpoint, RequestPriority.DEFAULT, this);
        starting = false;
        return !refused;
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        UpstreamStream s = stream;
        return s == null ? null : s.localAddress();
    }

    @Override
    public long connectionId() {
        UpstreamStream s = stream;
        return s == null ? 0 : s.connectionId();
    }

    @Override
    public @Nullable SocketAddress elsewhere() {
        UpstreamStream s = stream;
        return s == null ? null : s.elsewhere();
    }

    @Override
    public @Nullable TlsSession tls() {
        UpstreamStream s = stream;
        return s == null ? null : s.tls();
    }

    @Override
    public void write(ByteBuf transferred) {
        UpstreamStream s = stream;
        if (s == null || outputEnded) {
            transferred.release();
        } else {
            s.sendData(transferred, false);
        }
    }

    /** The stream sends what came in one turn of the loop at its end. */
    @Override
    public void flush() {}

    @Override
    public void end() {
        UpstreamStream s = stream;
        if (s != null && !outputEnded) {
            outputEnded = true;
            s.sendData(Unpooled.EMPTY_BUFFER, true);
            if (inputEnded) {
                stream = null;
            }
        }
    }

    @Override
    public void read(boolean on) {
        UpstreamStream s = stream;
        if (s != null && !inputEnded && paused == on) {
            paused = !on;
            if (on) {
                s.resumeReads();
            } else {
                s.pauseReads();
            }
        }
    }

    /** The stream counts itself. */
    @Override
    public void countPause(boolean paused) {}

    @Override
    public void close() {
        if (over) {
            return;
        }
        over = true;
        UpstreamStream s = stream;
        stream = null;
        if (s != null) {
            s.reset();
        } else if (!open) {
            pools.cancel(endpoint, RequestPriority.DEFAULT, this);
        }
    }

    @Override
    public void closeWhenSent() {
        end();
        over = true;
    }

    @Override
    public void closedByPeer() {
        over = true;
    }

    @Override
    public void reset() {
        close();
    }

    // ---- what the request tells ----

    @Override
    public void onReady(UpstreamStream to) {
        stream = to;
        to.carriesTcp();
        to.sendHeaders(config.request(info, to.tls() != null), false);
    }

    @Override
    public void onPoolFailure(ResetReason reason, @Nullable String transportFailure) {
        if (starting && reason == ResetReason.OVERFLOW) {
            refused = true;
            return;
        }
        over = true;
        listener.onConnectFailure(reason, transportFailure);
    }

    @Override
    public @Nullable ConnectionInfo downstreamConnection() {
        return connection;
    }

    @Override
    public HeaderMap responseHeaders() {
        return response;
    }

    @Override
    public void onInformational(HeaderMap headers) {}

    @Override
    public void onHeaders(HeaderMap headers, boolean endStream) {
        if (over) {
            return;
        }
        if (config.keepHeaders()) {
            keep(Tunneling.HEADERS_STATE, headers);
        }
        String status = headers.get(HeaderName.STATUS);
        if (!endStream && status != null && status.length() == 3 && status.charAt(0) == '2') {
            open = true;
            listener.onConnected();
            return;
        }
        over = true;
        UpstreamStream s = stream;
        stream = null;
        if (s != null && !endStream) {
            s.reset();
        }
        listener.onConnectFailure(ResetReason.REMOTE_CONNECTION_FAILURE, "tunnel_response:" + status);
    }

    /** Keeps headers as Envoy's filter state shows them. */
    private void keep(String key, HeaderMap headers) {
        List<Map<String, String>> all = new ArrayList<>(headers.size());
        for (int i = 0; i < headers.size(); i++) {
            Map<String, String> header = new LinkedHashMap<>();
            header.put("key", headers.name(i));
            header.put("value", headers.value(i));
            all.add(header);
        }
        connection.putFilterState(key, Map.of("headers", all));
    }

    @Override
    public void onData(ByteBuf transferred, boolean endStream) {
        if (over || !open) {
            transferred.release();
            return;
        }
        listener.onData(transferred);
        if (endStream) {
            inputEnded();
        } else if (!readCompletePending) {
            readCompletePending = true;
            loop.execute(readCompleteTask);
        }
    }

    private void readComplete() {
        readCompletePending = false;
        if (!over) {
            listener.onReadComplete();
        }
    }

    @Override
    public void onTrailers(HeaderMap trailers) {
        if (config.keepTrailers()) {
            keep(Tunneling.TRAILERS_STATE, trailers);
        }
        inputEnded();
    }

    private void inputEnded() {
        inputEnded = true;
        UpstreamStream s = stream;
        if (s != null && (outputEnded || "HTTP/1.1".equals(s.protocol()))) {
            stream = null; // it is gone with its response
        }
        if (!over) {
            listener.onReadComplete();
            listener.onEnd();
        }
    }

    @Override
    public void onReset(ResetReason reason) {
        stream = null;
        if (over) {
            return;
        }
        over = true;
        if (open) {
            listener.onClosed(reason != ResetReason.CONNECTION_TERMINATION);
        } else {
            listener.onConnectFailure(ResetReason.REMOTE_CONNECTION_FAILURE, null);
        }
    }

    @Override
    public void onWritable(boolean writable) {
        if (!over && open) {
            listener.onWritable(writable);
        }
    }
}
