package dev.mishap.proxy.cluster.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.net.InetSocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OriginalDstTest {
    private final StatsStore stats = new StatsStore();

    private Cluster cluster() {
        ClusterConfig config = ClusterTranslator.from(ConfigReader.checkedYaml("envoy.config.cluster.v3.Cluster", """
                name: c
                connect_timeout: 1s
                type: ORIGINAL_DST
                lb_policy: CLUSTER_PROVIDED
                original_dst_lb_config: {metadata_key: {key: n.s, path: [{key: a}, {key: b}]}}
                """));
        return new Cluster(config, stats);
    }

    /** What metadata says, as the connection has it and the request; "-" = nothing of the kind. */
    private record Told(String connection, String request) implements PickContext {
        private static @Nullable Map<String, Object> metadata(String namespace, String value) {
            return value.equals("-") || !namespace.equals("n.s")
                    ? null
                    : Map.of("a", value.equals("17") ? 17.0 : Map.of("b", value));
        }

        @Override
        public @Nullable Map<String, Object> connectionMetadata(String namespace) {
            return metadata(namespace, connection);
        }

        @Override
        public @Nullable Map<String, Object> requestMetadata(String namespace) {
            return metadata(namespace, request);
        }

        @Override
        public InetSocketAddress originalDestination() {
            return new InetSocketAddress("10.0.0.9", 9);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-,          10.0.0.1:1, 10.0.0.1:1, 0",
        "10.0.0.2:2, 10.0.0.1:1, 10.0.0.2:2, 0",
        "nonsense,   10.0.0.1:1, 10.0.0.1:1, 1",
        "-,          [fd00::1]:1, [fd00::1]:1, 0",
        "nonsense,   nonsense,   10.0.0.9:9, 2",
        "-,          17,         10.0.0.9:9, 0",
        "-,          '',         10.0.0.9:9, 0",
        "-,          -,          10.0.0.9:9, 0",
    })
    void metadata_may_say_where_to(String connection, String request, String wanted, long invalid) {
        Cluster c = cluster();
        Endpoint picked = ((OriginalDstSource) c.source()).pick(EndpointSet.EMPTY, new Told(connection, request));
        assertThat(picked).hasToString(wanted);
        assertThat(stats.value("cluster.c.original_dst_host_invalid")).isEqualTo(invalid);
    }
}
