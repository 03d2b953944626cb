package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.StatsSnapshot;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.TcpListener;
import dev.mishap.proxy.upstream.TcpUpstream;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** statsd by TCP to a cluster, over one connection that stays. While a peer does not read, or none is there, flushes are dropped. */
final class TcpStatsdSink implements StatsSink, TcpListener {
    /** As Envoy: what may wait in the connection. */
    private static final long MAX_WAITING = 16L << 20;

    private final StatsdFormat format;
    private final Supplier<@Nullable Cluster> cluster;
    private final Upstreams upstreams;
    private final EventLoop loop;
    private final Counter overflow;
    private @Nullable TcpUpstream connection;
    private @Nullable ByteBuf first;

    /** @param loop where flushes are called */
    TcpStatsdSink(
            StatsdFormat format,
            Supplier<@Nullable Cluster> cluster,
            Upstreams upstreams,
            EventLoop loop,
            Counter overflow) {
        this.format = format;
        this.cluster = cluster;
        this.upstreams = upstreams;
        this.loop = loop;
        this.overflow = overflow;
    }

    @Override
    public void flush(StatsSnapshot snapshot) {
        TcpUpstream c = connection;
        if (c != null && (first != null || c.channel().unsafe().outboundBuffer() == null)) {
            overflow.inc();
            return;
        }
        if (c != null && c.channel().unsafe().outboundBuffer().totalPendingWriteBytes() > MAX_WAITING) {
            overflow.inc();
            return;
        }
        ByteBuf lines = Unpooled.buffer(4096);
        format.write(snapshot, line -> {
            ByteBufUtil.writeUtf8(lines, line);
            lines.writeByte('\n');
        });
        if (c != null) {
            c.write(lines);
            c.flush();
            return;
        }
        connect(lines);
    }

    private void connect(ByteBuf lines) {
        Cluster to = cluster.get();
        ClusterPools pools = to == null ? null : upstreams.on(loop).pools(to);
        Endpoint endpoint = pools == null ? null : pools.pick();
        if (pools == null || endpoint == null) {
            lines.release();
            return;
        }
        TcpUpstream c = pools.tcp(endpoint, null, this);
        connection = c;
        first = lines;
        if (!c.start()) {
            connection = null;
            dropFirst();
        }
    }

    private void dropFirst() {
        ByteBuf f = first;
        first = null;
        if (f != null) {
            f.release();
        }
    }

    @Override
    public void onConnected() {
        ByteBuf f = first;
        first = null;
        TcpUpstream c = connection;
        if (f != null && c != null) {
            c.write(f);
            c.flush();
        }
    }

    @Override
    public void onConnectFailure(ResetReason reason, @Nullable String transportFailure) {
        connection = null;
        dropFirst();
    }

    @Override
    public void onData(ByteBuf data) {
        data.release();
    }

    @Override
    public void onReadComplete() {}

    @Override
    public void onEnd() {
        TcpUpstream c = connection;
        connection = null;
        dropFirst();
        if (c != null) {
            c.close();
        }
    }

    @Override
    public void onWritable(boolean writable) {}

    @Override
    public void onClosed(boolean reset) {
        connection = null;
        dropFirst();
    }
}
