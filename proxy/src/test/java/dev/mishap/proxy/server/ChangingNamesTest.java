package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.StatsQuery;
import dev.mishap.proxy.observe.stats.StatsText;
import dev.mishap.proxy.observe.stats.TagExtractor;
import dev.mishap.proxy.xds.DynamicFields;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A control plane that gives every version new names, as go-control-plane's tests do, must not make the process grow. */
class ChangingNamesTest {
    private static final String TYPE = "type.googleapis.com/envoy.";

    private static String cluster(String name) {
        return "{\"@type\": \"" + TYPE + "config.cluster.v3.Cluster\", \"name\": \"" + name
                + "\", \"type\": \"STATIC\", \"connect_timeout\": \"5s\"}";
    }

    private static String listener(String name) {
        String filters = TYPE + "extensions.filters.";
        return "{\"@type\": \"" + TYPE + "config.listener.v3.Listener\", \"name\": \"" + name
                + "\", \"stat_prefix\": \"" + name
                + "\", \"address\": {\"socket_address\": {\"address\": \"127.0.0.1\", \"port_value\": 0}},"
                + " \"filter_chains\": [{\"filters\": [{\"name\": \"hcm\", \"typed_config\": {\"@type\": \"" + filters
                + "network.http_connection_manager.v3.HttpConnectionManager\", \"stat_prefix\": \"" + name
                + "\", \"route_config\": {}, \"http_filters\": [{\"name\": \"router\", \"typed_config\": {\"@type\": \""
                + filters + "http.router.v3.Router\"}}]}}]}]}";
    }

    private static Resource resource(Server server, ResourceType type, String json) {
        ResourceDecoder decoder = new ResourceDecoder(
                new DynamicFields(false, true, server.stats().counter("server.dynamic_unknown_fields")),
                SupportTable.all());
        return decoder.resources(decoder.json("{\"resources\": [" + json + "]}"), type)
                .get(0);
    }

    private static void put(Server server, String cluster) {
        server.clusters()
                .addOrUpdate(resource(server, ResourceType.CLUSTER, cluster).config(), "1");
    }

    private static Counter count(Server server) {
        Cluster cluster = server.clusters().get("c");
        assertThat(cluster).isNotNull();
        return cluster.stats().rqTotal;
    }

    private static void clusterComesAndGoes(Server server, String name) {
        put(server, cluster(name));
        assertThat(server.clusters().get(name)).isNotNull();
        assertThat(lines(server)).contains("cluster." + name + ".upstream_rq_total");
        assertThat(server.clusters().remove(name)).isTrue();
    }

    private static void listenerComesAndGoes(Server server, String name) {
        server.listenerManager().addOrUpdate(resource(server, ResourceType.LISTENER, listener(name)), "1");
        assertThat(lines(server))
                .contains("http." + name + ".downstream_rq_total", "listener." + name + ".downstream_cx_total");
        assertThat(server.listenerManager().remove(name)).isTrue();
    }

    private static String lines(Server server) {
        return new StatsText(
                        server.stats(), new TagExtractor(Map.of(), List.of(), false), n -> StatsText.DEFAULT_BOUNDS)
                .text(new StatsQuery("All", null, false, false, "none"));
    }

    private static List<String> names(Server server) {
        return lines(server)
                .lines()
                .map(line -> line.substring(0, line.indexOf(": ")))
                .toList();
    }

    @Test
    void theStoreDoesNotGrow() {
        Options options = Options.of("{}", 1, "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        try {
            List<String> before = names(server);
            for (int i = 0; i < 20; i++) {
                clusterComesAndGoes(server, "c" + i);
                listenerComesAndGoes(server, "l" + i);
            }
            assertThat(names(server)).isEqualTo(before);
        } finally {
            server.close();
        }
    }

    @Test
    void aReplacedClusterCountsOn() {
        Options options = Options.of("{}", 1, "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        try {
            put(server, cluster("c"));
            count(server).add(3);
            put(server, cluster("c").replace("5s", "6s"));
            count(server).inc();
            assertThat(server.stats().value("cluster.c.upstream_rq_total")).isEqualTo(4);
        } finally {
            server.close();
        }
    }
}
