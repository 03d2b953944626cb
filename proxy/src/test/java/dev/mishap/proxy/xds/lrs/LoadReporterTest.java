package dev.mishap.proxy.xds.lrs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.config.schema.WireReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.grpc.XdsTimers;
import dev.mishap.proxy.xds.grpc.XdsTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a server is told, message by message. The numbers are those that Envoy 1.40 sends in the same case. */
class LoadReporterTest {
    private static final long SECOND = 1_000_000_000L;

    private final StatsStore stats = new StatsStore();
    private final List<Cluster> clusters = new ArrayList<>();
    private final List<String> seen = new ArrayList<>();
    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private XdsTransport.@Nullable Listener stream;
    private boolean down;
    private long now;

    private record Due(long at, Runnable action) implements Comparable<Due> {
        @Override
        public int compareTo(Due o) {
            return Long.compare(at, o.at);
        }
    }

    private final XdsTimers timers = new XdsTimers() {
        @Override
        public Timer schedule(Runnable action, long delayNanos) {
            Due due = new Due(now + delayNanos, action);
            queue.add(due);
            return () -> queue.remove(due);
        }

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public long random(long bound) {
            return bound - 1;
        }
    };

    private final XdsTransport server = new XdsTransport() {
        @Override
        public @Nullable Stream open(String method, Listener listener) {
            assertThat(method).isEqualTo("/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats");
            if (down) {
                listener.onClose(14, "no connection");
                return null;
            }
            stream = listener;
            return new Stream() {
                @Override
                public void send(ProtoWriter message) {
                    byte[] bytes = message.toByteArray();
                    seen.add(text(new WireReader(bytes, 0, bytes.length), 0).trim());
                }

                @Override
                public void reset() {
                    seen.add("reset");
                }
            };
        }

        @Override
        public String name() {
            return "lrs";
        }
    };

    private final LoadReporter reporter =
            new LoadReporter(server, timers, () -> clusters, out -> out.string(1, "n"), stats);

    /** Fields of each message as {@code number:value}; strings are those at the places where this protocol has some. */
    private static String text(WireReader in, int path) {
        StringBuilder s = new StringBuilder();
        while (in.hasMore()) {
            int tag = in.tag();
            int field = tag >>> 3;
            int here = path * 10 + field;
            if ((tag & 7) == 0) {
                s.append(' ').append(field).append(':').append(in.varint());
            } else if (List.of(11, 21, 26, 251, 2211, 2212, 2213, 227112).contains(here)) {
                s.append(' ').append(field).append(':').append(in.utf8());
            } else {
                s.append(' ')
                        .append(field)
                        .append("{")
                        .append(text(in.sub(), here).trim())
                        .append('}');
            }
        }
        return s.toString();
    }

    private Cluster cluster(String name, String more) {
        String yaml = "{name: " + name + ", connect_timeout: 5s, load_assignment: {cluster_name: " + name + more
                + ", endpoints: [{locality: {region: r, zone: z}, lb_endpoints: [{endpoint: {address: {socket_address:"
                + " {address: 127.0.0.1, port_value: 80}}}}]}, {priority: 1, lb_endpoints: [{endpoint: {address:"
                + " {socket_address: {address: 127.0.0.2, port_value: 80}}}}]}]}}";
        return new Cluster(
                ClusterTranslator.from(ConfigReader.checkedYaml("envoy.config.cluster.v3.Cluster", yaml)), stats);
    }

    private void answer(long nanos, boolean endpoints, String... names) {
        ProtoWriter out = new ProtoWriter();
        for (String name : names) {
            out.string(1, name);
        }
        out.time(2, nanos).bool(3, endpoints).bool(4, names.length == 0);
        XdsTransport.Listener l = stream;
        assertThat(l).isNotNull();
        l.onMessage(out.toByteArray());
    }

    private void pass(long nanos) {
        long end = now + nanos;
        while (!queue.isEmpty() && queue.peek().at() <= end) {
            Due due = queue.poll();
            now = due.at();
            due.action().run();
        }
        now = end;
    }

    private List<String> taken() {
        List<String> all = List.copyOf(seen);
        seen.clear();
        return all;
    }

    @Test
    void a_report_has_what_came_since_the_one_before() {
        Cluster c = cluster("c", "");
        clusters.add(c);
        Endpoint first = c.members().all().get(0);
        Endpoint second = c.members().all().get(1);
        first.rqTotal.add(7);
        first.rqSuccess.add(7);
        reporter.start();
        pass(5 * SECOND);
        assertThat(taken()).as("nobody asked for more than a name").containsExactly("1{1:n}");
        answer(SECOND, false);
        first.rqTotal.add(5);
        first.rqSuccess.add(3);
        first.rqError.add(1);
        first.rqActive.incrementAndGet();
        second.rqError.add(2);
        c.stats().dropped.add(4);
        pass(SECOND);
        assertThat(taken()).containsExactly("1{1:n} 2{1:c 2{1{1:r 2:z} 2:3 3:1 4:1 8:5} 2{1{} 4:2 6:1} 3:4 4{1:1}}");
        pass(SECOND);
        assertThat(taken()).containsExactly("1{1:n} 2{1:c 2{1{1:r 2:z} 3:1} 4{1:1}}");
        first.rqActive.decrementAndGet();
        first.rqSuccess.increment();
        pass(SECOND);
        assertThat(taken()).containsExactly("1{1:n} 2{1:c 2{1{1:r 2:z} 2:1} 4{1:1}}");
        pass(SECOND);
        assertThat(taken()).containsExactly("1{1:n} 2{1:c 4{1:1}}");
        assertThat(stats.value("load_reporter.responses")).isEqualTo(5);
        assertThat(stats.value("load_reporter.requests")).isEqualTo(1);
    }

    @Test
    void endpoints_are_told_apart_when_the_server_wants_it() {
        Cluster c = cluster("c", "");
        clusters.add(c);
        reporter.start();
        answer(SECOND, true);
        Endpoint e = c.members().all().get(0);
        e.rqTotal.add(2);
        e.rqSuccess.add(1);
        e.rqError.add(1);
        pass(SECOND);
        assertThat(taken().get(1))
                .isEqualTo("1{1:n} 2{1:c 2{1{1:r 2:z} 2:1 4:1 7{1{1{2:127.0.0.1 3:80}} 2:1 4:1 7:2} 8:2} 4{1:1}}");
    }

    @Test
    void drops_of_an_assignment_have_a_category() {
        Cluster c = cluster("c", ", policy: {drop_overloads: [{category: lb, drop_percentage: {numerator: 100}}]}");
        clusters.add(c);
        reporter.start();
        answer(SECOND, false);
        c.stats().dropped.increment();
        c.stats().droppedByOverload.increment();
        pass(SECOND);
        assertThat(taken().get(1)).isEqualTo("1{1:n} 2{1:c 3:1 4{1:1} 5{1:lb 2:1}}");
    }

    /** Only clusters that are wanted and there; one that goes on being wanted is not counted anew by another answer. */
    @Test
    void the_server_chooses_clusters_and_changes_its_mind() {
        Cluster a = cluster("a", "");
        Cluster b = cluster("b", "");
        clusters.addAll(List.of(a, b));
        reporter.start();
        answer(SECOND, false, "a", "nowhere");
        a.members().all().get(0).rqSuccess.increment();
        b.members().all().get(0).rqSuccess.increment();
        pass(SECOND / 2);
        answer(2 * SECOND, false, "a", "b");
        pass(2 * SECOND - 1);
        taken();
        pass(1);
        assertThat(taken().get(0))
                .contains("2{1:a 2{1{1:r 2:z} 2:1} 4{1:2 2:500000000}}")
                .contains("2{1:b 4{1:2}}");
        clusters.remove(a);
        pass(2 * SECOND);
        assertThat(taken()).containsExactly("1{1:n} 2{1:b 4{1:2}}");
    }

    @Test
    void a_cluster_that_is_new_or_replaced_counts_from_its_beginning() {
        reporter.start();
        answer(SECOND, false);
        pass(SECOND);
        Cluster c = cluster("c", "");
        clusters.add(c);
        pass(SECOND);
        Cluster next = cluster("c", "");
        next.stats().dropped.increment();
        next.members().all().get(0).rqSuccess.increment();
        clusters.set(0, next);
        taken();
        pass(SECOND);
        assertThat(taken()).containsExactly("1{1:n} 2{1:c 2{1{1:r 2:z} 2:1} 3:1 4{1:1}}");
    }

    @Test
    void a_stream_that_broke_is_opened_again_less_and_less_often() {
        reporter.start();
        answer(SECOND, false);
        taken();
        down = true;
        stream.onClose(14, "gone");
        pass(60 * SECOND);
        assertThat(stats.value("load_reporter.errors")).isBetween(6L, 9L);
        assertThat(stats.value("load_reporter.retries")).isEqualTo(stats.value("load_reporter.errors") - 1);
        assertThat(taken()).as("nobody to tell").isEmpty();
        down = false;
        pass(31 * SECOND);
        assertThat(taken()).containsExactly("1{1:n}");
        reporter.close();
        pass(60 * SECOND);
        assertThat(taken()).containsExactly("reset");
    }

    @Test
    void garbage_ends_the_stream() {
        reporter.start();
        stream.onMessage(new byte[] {10, 100});
        assertThat(taken()).containsExactly("1{1:n}", "reset");
        pass(SECOND);
        assertThat(taken()).containsExactly("1{1:n}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {api_type: REST, cluster_names: [lrs], refresh_delay: 1s}                                    | api_type: REST
            {api_type: GRPC}                                                                             | one gRPC service, got 0
            {api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: nope}}]}                        | Unknown gRPC client cluster 'nope'
            {api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: lrs}}], rate_limit_settings: {}} | rate_limit_settings
            """)
    void what_can_not_be_honoured_is_refused(String yaml, String why) {
        assertThatThrownBy(() -> LoadStatsConfig.from(
                        ConfigReader.checkedYaml("envoy.config.core.v3.ApiConfigSource", yaml), "lrs"::equals))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(why);
    }
}
