package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointMonitor;
import dev.mishap.proxy.http.AccessLogType;
import dev.mishap.proxy.http.DeadlineTimer;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ConnectionLoss;
import dev.mishap.proxy.transport.HalfClose;
import dev.mishap.proxy.transport.Jitter;
import dev.mishap.proxy.transport.ReadSize;
import dev.mishap.proxy.upstream.ByteUpstream;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.TcpListener;
import dev.mishap.proxy.upstream.TcpUpstream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A downstream connection and the upstream one that it is tied to. Nothing is read downstream before the upstream connection is
 * there; then bytes go both ways, and when one side can't take more, the other is not read. An end of one direction is passed
 * on as that, a reset as a reset. Confined to its loop.
 */
final class TcpProxy extends ChannelInboundHandlerAdapter implements TcpListener {
    private static final Logger LOG = LoggerFactory.getLogger(TcpProxy.class);
    private static final HeaderMap NO_HEADERS = new HeaderMap();

    /** Who sends this much before the loop has read all of it sends in bulk. */
    private static final int BULK = 64 * 1024;

    private final TcpProxyConfig config;
    private final TcpProxyStats stats;
    private final Channel downstream;
    private final ConnectionInfo connection;
    private final StreamInfo info = new StreamInfo();

    private final ConnectAttempts attempts;
    private @Nullable ByteUpstream upstream;
    private @Nullable DeadlineTimer idleTimer;
    private @Nullable ScheduledFuture<?> durationTimer;
    private @Nullable ScheduledFuture<?> logTimer;
    private @Nullable ByteBuf held;
    private boolean connected;
    private boolean downstreamEnded;
    private boolean upstreamEnded;
    private boolean downstreamPaused;
    private boolean upstreamPaused;
    private long idleNanos;
    private boolean over;
    private int readFromDownstream;
    private int readFromUpstream;
    private final ReadSize downstreamReads = new ReadSize();
    private @Nullable Splice up;
    private @Nullable Splice down;
    private boolean spliced;

    TcpProxy(TcpProxyConfig config, Channel downstream, ConnectionInfo connection) {
        this.config = config;
        this.stats = config.stats();
        this.downstream = downstream;
        this.connection = connection;
        this.attempts = new ConnectAttempts(config, downstream, connection, info, this);
    }

    void start() {
        begin(config, connection, info);
        if (connection.proxyTlvs == null && !config.tlvs().isEmpty()) {
            connection.proxyTlvs = config.tlvs();
        }
        downstream.config().setRecvByteBufAllocator(downstreamReads);
        downstream.config().setAutoRead(false);
        downstream.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        downstream.pipeline().addLast(this);
        downstream.closeFuture().addListener(f -> downstreamClosed());
        if (config.maxDurationNanos() > 0) {
            durationTimer = downstream
                    .eventLoop()
                    .schedule(
                            this::tooOld,
                            Jitter.lengthen(config.maxDurationNanos(), config.maxDurationJitterPercent()),
                            TimeUnit.NANOSECONDS);
        }
        if (config.logIntervalNanos() > 0 && config.logs()) {
            logTimer = downstream
                    .eventLoop()
                    .scheduleAtFixedRate(
                            () -> log(AccessLogType.TCP_PERIODIC),
                            config.logIntervalNanos(),
                            config.logIntervalNanos(),
                            TimeUnit.NANOSECONDS);
        }
        if (config.logOnStart()) {
            log(AccessLogType.TCP_CONNECTION_START);
        }
        attempts.start();
    }

    private static void begin(TcpProxyConfig config, ConnectionInfo connection, StreamInfo info) {
        config.stats().cxTotal.inc();
        Instant now = Instant.now();
        info.on(connection);
        connection.streamInfo = info;
        info.startTimeEpochNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        info.startNanos = connection.acceptedNanos;
    }

    /** A connection that another filter has closed before there was anything to do for it. */
    static void closedBefore(TcpProxyConfig config, ConnectionInfo connection) {
        StreamInfo info = new StreamInfo();
        begin(config, connection, info);
        log(config, connection, info, AccessLogType.TCP_CONNECTION_END);
    }

    boolean isOver() {
        return over;
    }

    /** Begins to connect by {@code made}; whether it may. */
    boolean connect(ByteUpstream made) {
        upstream = made; // which may tell of an end before it returns
        if (made.start()) {
            return true;
        }
        upstream = null;
        return false;
    }

    @Override
    public void onMarks(Map<String, Object> marks) {
        info.joinDynamicMetadata("mishap", marks);
        info.flagConnectionFault();
    }

    @Override
    public void onConnectFailure(ResetReason reason, @Nullable String transportFailure) {
        Endpoint endpoint = upstream().endpoint();
        upstream = null;
        attempts.failed(endpoint, reason, transportFailure);
    }

    private ByteUpstream upstream() {
        ByteUpstream u = upstream;
        assert u != null;
        return u;
    }

    @Override
    public void onConnected() {
        connected = true;
        ByteUpstream u = upstream();
        u.endpoint().monitor().result(EndpointMonitor.Result.CONNECTED_FINAL, 0);
        info.upstreamElsewhere = u.elsewhere();
        info.upstreamLocalAddress = u.localAddress();
        info.upstreamConnectionId = u.connectionId();
        info.upstreamTls = u.tls();
        if (config.logOnConnected()) {
            log(AccessLogType.TCP_UPSTREAM_CONNECTED);
        }
        idleNanos = config.idleNanos(connection);
        if (idleNanos > 0) {
            idleTimer = new DeadlineTimer(downstream.eventLoop(), this::idle);
            active();
        }
        ByteBuf first = held;
        held = null;
        if (first != null) {
            toUpstream(first);
            u.flush();
        }
        u.read(true);
        if (downstreamEnded) {
            u.end();
        } else {
            readDownstream();
        }
    }

    // ---- from downstream ----

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        if (over) {
            data.release();
        } else if (!connected) {
            ByteBuf h = held;
            held = h == null ? data : Unpooled.wrappedBuffer(h, data);
        } else {
            toUpstream(data);
        }
    }

    private void toUpstream(ByteBuf data) {
        int n = data.readableBytes();
        readFromDownstream += n;
        info.bytesReceived += n;
        stats.rxBytes.add(n);
        stats.rxBuffered.touch();
        upstream().write(data);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        Splice s = up;
        if (s != null) {
            s.completed();
        }
        if (connected && !over) {
            upstream().flush();
            active();
            int n = readFromDownstream;
            readFromDownstream = 0;
            if (n >= BULK) {
                splice();
            }
            if (s != null && !over) {
                readDownstream();
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE) {
            downstreamEnd();
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    private void downstreamEnd() {
        if (downstreamEnded || over) {
            return;
        }
        downstreamEnded = true;
        if (!connected) {
            return;
        }
        if (upstreamEnded) {
            finish(false);
        } else {
            upstream().end();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (!connected || over) {
            return;
        }
        boolean full = !downstream.isWritable();
        if (full != upstreamPaused) {
            upstreamPaused = full;
            upstream().countPause(full);
            readUpstream();
        }
        active();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!ConnectionLoss.is(cause)) {
            LOG.warn("closing connection {} after an unexpected error", connection.id, cause);
        }
        if (!over && connected) {
            upstream().reset();
        }
        ctx.close();
    }

    private void downstreamClosed() {
        ByteUpstream u = upstream;
        if (!over && u != null) {
            u.close();
        }
        end();
    }

    // ---- from upstream ----

    @Override
    public void onData(ByteBuf data) {
        int n = data.readableBytes();
        readFromUpstream += n;
        info.bytesSent += n;
        stats.txBytes.add(n);
        downstream.write(data, downstream.voidPromise());
    }

    @Override
    public void onReadComplete() {
        Splice s = down;
        if (s != null) {
            s.completed();
        }
        downstream.flush();
        active();
        int n = readFromUpstream;
        readFromUpstream = 0;
        if (n >= BULK) {
            splice();
        }
        if (s != null) {
            readUpstream();
        }
    }

    /** From now on bytes are moved without being looked at, if that is possible here. */
    private void splice() {
        if (spliced || over || !(upstream() instanceof TcpUpstream u) || !Splice.isPossible(downstream, u.channel())) {
            return; // who looks at the bytes may go
        }
        spliced = true;
        up = Splice.between(downstream, u.channel(), downstreamReads, n -> movedUp(u, n), () -> {
            active();
            readDownstream();
        });
        if (up != null) {
            down = Splice.between(u.channel(), downstream, u.reads(), n -> movedDown(u, n), () -> {
                active();
                readUpstream();
            });
        }
    }

    private void movedUp(TcpUpstream u, int n) {
        info.bytesReceived += n;
        stats.rxBytes.add(n);
        u.moved(0, n);
    }

    private void movedDown(TcpUpstream u, int n) {
        info.bytesSent += n;
        stats.txBytes.add(n);
        u.moved(n, 0);
    }

    @Override
    public void onEnd() {
        if (upstreamEnded || over) {
            return;
        }
        upstreamEnded = true;
        if (downstreamEnded) {
            finish(true);
        } else {
            HalfClose.end(downstream);
        }
    }

    @Override
    public void onWritable(boolean writable) {
        if (downstreamPaused == writable) {
            downstreamPaused = !writable;
            (writable ? stats.resumedReading : stats.pausedReading).inc();
            readDownstream();
        }
        active();
    }

    private void readDownstream() {
        Splice s = up;
        downstream.config().setAutoRead(!downstreamPaused && (s == null || !s.waiting()));
    }

    private void readUpstream() {
        ByteUpstream u = upstream;
        if (u != null && !over) {
            Splice s = down;
            u.read(!upstreamPaused && (s == null || !s.waiting()));
        }
    }

    @Override
    public void onClosed(boolean reset) {
        if (over) {
            return;
        }
        if (reset) {
            info.addFlag(ResponseFlag.UPSTREAM_REMOTE_RESET);
            downstream.config().setOption(ChannelOption.SO_LINGER, 0);
            close();
        } else {
            closeWhenSent();
        }
    }

    // ---- the end ----

    /** Both directions have ended: what is written is sent, then both connections close. */
    private void finish(boolean upstreamLast) {
        ByteUpstream u = upstream();
        if (upstreamLast) {
            u.closedByPeer();
        } else {
            u.closeWhenSent();
        }
        upstream = null;
        closeWhenSent();
    }

    private void closeWhenSent() {
        over = true;
        downstream.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    /** There will be no upstream connection. */
    void fail(ConnectAttempts.Failure failure) {
        connection.localCloseReason = "tcp_initializion_failure:" + failure.ordinal(); // sic
        close();
    }

    /** Closes the downstream connection at once, and with it all. */
    private void close() {
        downstream.close();
    }

    private void idle() {
        stats.idleTimeout.inc();
        connection.localCloseReason = "tcp_session_idle_timeout";
        close();
    }

    private void tooOld() {
        stats.maxDuration.inc();
        info.addFlag(ResponseFlag.DURATION_TIMEOUT);
        connection.localCloseReason = "max_connection_duration_reached";
        close();
    }

    private void active() {
        DeadlineTimer t = idleTimer;
        if (t != null) {
            t.set(System.nanoTime(), idleNanos);
        }
    }

    private void end() {
        over = true;
        upstream = null;
        if (held != null) {
            held.release();
            held = null;
        }
        if (idleTimer != null) {
            idleTimer.close();
            idleTimer = null; // a flush may have ended this, whose caller still tells that there was something to do
        }
        for (ScheduledFuture<?> t : new @Nullable ScheduledFuture<?>[] {durationTimer, logTimer}) {
            if (t != null) {
                t.cancel(false);
            }
        }
        attempts.close();
        log(AccessLogType.TCP_CONNECTION_END);
    }

    private void log(AccessLogType type) {
        info.downstreamBytes.wireReceived = info.upstreamBytes.wireSent = info.bytesReceived;
        info.downstreamBytes.wireSent = info.upstreamBytes.wireReceived = info.bytesSent;
        log(config, connection, info, type);
    }

    private static void log(TcpProxyConfig config, ConnectionInfo connection, StreamInfo info, AccessLogType type) {
        // Filters that go on looking, and rules, may have said something while the connection lived.
        connection.allDynamicMetadata().forEach((namespace, fields) -> {
            if (namespace.equals("mishap")) {
                info.joinDynamicMetadata(namespace, fields);
                info.flagConnectionFault();
            } else {
                info.putDynamicMetadata(namespace, fields);
            }
        });
        info.connectionTerminationDetails = connection.terminationDetails;
        info.endNanos = System.nanoTime();
        if (config.logs()) {
            info.accessLogType = type;
            config.log().log(info, NO_HEADERS, null, null);
        }
    }
}
