package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.CircuitBreakerConfig;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ConnectConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One cluster with one endpoint, one loop, and requests that write down what happens to them. */
final class UpstreamFixture implements AutoCloseable {
    final StatsStore stats = new StatsStore();
    final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    final EventLoop loop = group.next();
    final Upstreams upstreams = new Upstreams(1);
    final Cluster cluster;

    UpstreamFixture(int port) {
        this(port, CircuitBreakerConfig.DEFAULT, UpstreamHttpConfig.DEFAULT, 5_000);
    }

    UpstreamFixture(int port, CircuitBreakerConfig limits, UpstreamHttpConfig http, long connectMillis) {
        cluster = new Cluster(
                ClusterConfig.builder(
                                "u1",
                                StaticDiscovery.of(List.of(EndpointConfig.at("127.0.0.1", port))),
                                LbPolicies.ROUND_ROBIN)
                        .connect(new ConnectConfig(connectMillis * 1_000_000, 1 << 20, null, null))
                        .limits(limits, CircuitBreakerConfig.DEFAULT)
                        .http(http)
                        .build(),
                stats);
    }

    /** A request; what happens to it is in {@link #events}, texts as {@code ready}, {@code headers 200}, {@code data abc end}. */
    class Request implements UpstreamListener {
        final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
        final HeaderMap headers = new HeaderMap();
        final HeaderMap response = new HeaderMap();
        final StringBuilder body = new StringBuilder();

        @Nullable
        UpstreamStream stream;

        @Nullable
        Endpoint endpoint;

        private final String content;
        private final boolean end;

        Request(String method, String content, boolean end) {
            headers.add(HeaderName.METHOD, method);
            headers.add(HeaderName.PATH, "/p");
            headers.add(HeaderName.AUTHORITY, "h");
            this.content = content;
            this.end = end;
        }

        Request start() {
            loop.execute(() -> {
                ClusterPools pools = upstreams.on(loop).pools(cluster);
                Endpoint e = pools.pick();
                endpoint = e;
                if (e == null) {
                    events.add("none");
                } else {
                    pools.acquire(e, RequestPriority.DEFAULT, this);
                }
            });
            return this;
        }

        void on(Consumer<UpstreamStream> action) {
            run(() -> {
                UpstreamStream s = stream;
                if (s == null) {
                    throw new IllegalStateException("not ready");
                }
                action.accept(s);
                return true;
            });
        }

        String next() {
            try {
                String e = events.poll(10, TimeUnit.SECONDS);
                return e == null ? "nothing happened" : e;
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        /** The events up to the end of the response or the request. */
        String untilEnd() {
            StringBuilder all = new StringBuilder();
            while (true) {
                String e = next();
                all.append(all.length() == 0 ? "" : ", ").append(e);
                if (e.endsWith(" end") || e.startsWith("reset") || e.startsWith("failed") || e.startsWith("nothing")) {
                    return all.toString();
                }
            }
        }

        @Override
        public void onReady(UpstreamStream to) {
            stream = to;
            events.add("ready");
            to.sendHeaders(headers, end && content.isEmpty());
            if (!content.isEmpty()) {
                to.sendData(bytes(content), end);
            }
        }

        @Override
        public void onPoolFailure(ResetReason reason, @Nullable String transportFailure) {
            events.add("failed " + reason + (transportFailure == null ? "" : " " + transportFailure));
        }

        @Override
        public HeaderMap responseHeaders() {
            return response;
        }

        @Override
        public void onInformational(HeaderMap informational) {
            events.add("informational " + informational.get(HeaderName.STATUS));
        }

        @Override
        public void onHeaders(HeaderMap received, boolean endStream) {
            events.add("headers " + received.get(HeaderName.STATUS) + (endStream ? " end" : ""));
        }

        @Override
        public void onData(ByteBuf transferred, boolean endStream) {
            body.append(transferred.toString(StandardCharsets.ISO_8859_1));
            transferred.release();
            if (endStream) {
                events.add("body end");
            }
        }

        @Override
        public void onTrailers(HeaderMap trailers) {
            events.add("trailers end");
        }

        @Override
        public void onReset(ResetReason reason) {
            events.add("reset " + reason);
        }

        @Override
        public void onWritable(boolean writable) {
            events.add("writable " + writable);
        }
    }

    static ByteBuf bytes(String s) {
        return Unpooled.copiedBuffer(s, StandardCharsets.ISO_8859_1);
    }

    Request get() {
        return new Request("GET", "", true).start();
    }

    <T> T run(Callable<T> task) {
        try {
            return loop.submit(task).get(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    long stat(String name) {
        return stats.value("cluster.u1." + name);
    }

    /** Waits for a stat, since a close is seen a little after the response; fails after 10 s. */
    void await(String name, long value) {
        long until = System.nanoTime() + 10_000_000_000L;
        while (stat(name) != value) {
            if (System.nanoTime() > until) {
                throw new AssertionError(name + " is " + stat(name) + ", not " + value);
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        upstreams.drain();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
