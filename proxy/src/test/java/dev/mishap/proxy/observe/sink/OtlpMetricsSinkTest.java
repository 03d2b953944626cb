package dev.mishap.proxy.observe.sink;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.stats.TagExtractor;
import dev.mishap.proxy.upstream.Upstreams;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcService;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OtlpMetricsSinkTest {
    private final StatsStore stats = new StatsStore();
    private final Upstreams upstreams = new Upstreams(1);
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    @AfterEach
    void close() {
        upstreams.drain();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Cluster cluster(int port) {
        String yaml = """
                name: c
                connect_timeout: 5s
                http2_protocol_options: {}
                load_assignment:
                  cluster_name: c
                  endpoints:
                  - lb_endpoints:
                    - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
                """.formatted(port);
        return new Cluster(
                ClusterTranslator.from(ConfigReader.checkedYaml("envoy.config.cluster.v3.Cluster", yaml)), stats);
    }

    private OtlpMetricsSink sink(Cluster cluster, EventLoop loop) {
        ConfigNode config =
                ConfigReader.checkedYaml(OtlpMetricsSink.MESSAGE, "grpc_service: {envoy_grpc: {cluster_name: c}}\n");
        return new OtlpMetricsSink(
                new AsyncGrpcClient(upstreams, name -> cluster, stats.counter("http.async-client.rq_total")),
                GrpcService.from(config.required("grpc_service")),
                loop,
                new OtlpMetrics(
                        OtlpMetrics.Options.from(config),
                        new TagExtractor(Map.of(), List.of(), true),
                        name -> List.of(1.0)));
    }

    @Test
    void aCollectorThatHangsHoldsTheLastFlushesAlone() throws Exception {
        try (ServerSocket hangs = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            EventLoop loop = group.next();
            OtlpMetricsSink sink = sink(cluster(hangs.getLocalPort()), loop);

            long waiting = loop.submit(() -> {
                        for (int i = 0; i < 20; i++) {
                            sink.flush(stats.snapshot());
                        }
                        return stats.value("cluster.c.upstream_rq_pending_active")
                                + stats.value("cluster.c.upstream_rq_active");
                    })
                    .get();
            assertThat(waiting).isEqualTo(4);
            assertThat(stats.value("http.async-client.rq_total")).isEqualTo(20);
        }
    }
}
