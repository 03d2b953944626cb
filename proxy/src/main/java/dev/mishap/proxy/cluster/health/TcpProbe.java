package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.TcpListener;
import dev.mishap.proxy.upstream.TcpUpstream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Connects; sends some bytes and waits for others, if that was asked for. */
final class TcpProbe implements Probe {
    /** An answer longer than this is not the one that is waited for. */
    private static final int MAX_ANSWER = 1 << 20;

    private final ClusterPools pools;
    private final Endpoint endpoint;
    private final byte[] send;
    private final List<byte[]> receive;
    private final boolean reuse;
    private @Nullable Connection connection;

    TcpProbe(ClusterPools pools, Endpoint endpoint, byte[] send, List<byte[]> receive, boolean reuse) {
        this.pools = pools;
        this.endpoint = endpoint;
        this.send = send;
        this.receive = receive;
        this.reuse = reuse;
    }

    @Override
    public void start(Results to) {
        Connection c = connection;
        if (c == null) {
            c = new Connection();
            connection = c;
            c.results = to;
            if (!c.upstream.start()) {
                c.fail();
            }
        } else {
            c.results = to;
            c.send();
        }
    }

    @Override
    public void cancel() {
        Connection c = connection;
        connection = null;
        if (c != null) {
            c.over();
        }
    }

    private final class Connection implements TcpListener {
        private final TcpUpstream upstream = pools.tcp(endpoint, null, this);
        private final ByteBuf got = Unpooled.buffer(0);
        private @Nullable Results results;

        void send() {
            if (send.length > 0) {
                upstream.write(Unpooled.wrappedBuffer(send));
                upstream.flush();
            }
        }

        void over() {
            results = null;
            got.release();
            upstream.close();
        }

        private @Nullable Results take() {
            Results r = results;
            results = null;
            return r;
        }

        void fail() {
            Results r = take();
            if (connection == this) {
                cancel();
            }
            if (r != null) {
                r.failed(Failure.NETWORK, false, 0);
            }
        }

        private void pass() {
            Results r = take();
            if (!reuse && connection == this || receive.isEmpty() && connection == this) {
                cancel();
            }
            if (r != null) {
                r.passed(false);
            }
        }

        @Override
        public void onConnected() {
            upstream.read(true);
            send();
            if (receive.isEmpty()) {
                pass();
            }
        }

        @Override
        public void onConnectFailure(ResetReason reason, @Nullable String transportFailure) {
            fail();
        }

        @Override
        public void onData(ByteBuf data) {
            if (connection != this) {
                data.release();
                return;
            }
            got.writeBytes(data);
            data.release();
            if (results != null && Payload.containsInOrder(receive, got)) {
                got.clear();
                pass();
            } else if (got.readableBytes() > MAX_ANSWER) {
                fail();
            }
        }

        @Override
        public void onReadComplete() {}

        @Override
        public void onEnd() {
            fail();
        }

        @Override
        public void onWritable(boolean writable) {}

        @Override
        public void onClosed(boolean reset) {
            fail();
        }
    }
}
