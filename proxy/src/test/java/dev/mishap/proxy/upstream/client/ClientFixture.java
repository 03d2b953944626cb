package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One cluster {@code u1} with one endpoint, one loop, both clients, and what they were told, as texts. */
final class ClientFixture implements AutoCloseable {
    final StatsStore stats = new StatsStore();
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final AsyncHttpClient http;
    final AsyncGrpcClient grpc;
    final EventLoop loop;
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Upstreams upstreams = new Upstreams(1);

    ClientFixture(int port) {
        loop = group.next();
        String yaml = """
                name: u1
                connect_timeout: 5s
                load_assignment:
                  cluster_name: u1
                  endpoints:
                  - lb_endpoints:
                    - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
                """.formatted(port);
        Cluster cluster = new Cluster(
                ClusterTranslator.from(ConfigReader.checkedYaml("envoy.config.cluster.v3.Cluster", yaml)), stats);
        http = new AsyncHttpClient(
                upstreams, name -> name.equals("u1") ? cluster : null, stats.counter("http.async-client.rq_total"));
        grpc = new AsyncGrpcClient(
                upstreams, name -> name.equals("u1") ? cluster : null, stats.counter("http.async-client.rq_total"));
    }

    String next() {
        try {
            String e = events.poll(10, TimeUnit.SECONDS);
            return e == null ? "nothing happened" : e;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    long stat(String name) {
        return stats.value("cluster.u1." + name);
    }

    @Override
    public void close() {
        upstreams.drain();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
