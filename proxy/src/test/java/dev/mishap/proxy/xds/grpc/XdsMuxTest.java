package dev.mishap.proxy.xds.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.config.schema.WireReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.DynamicFields;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server sees and what subscribers are told, message by message. */
class XdsMuxTest {
    private static final String RUNTIME = "envoy.service.runtime.v3.Runtime";
    private static final long SECOND = 1_000_000_000L;

    private final StatsStore stats = new StatsStore();
    private final FakeTimers timers = new FakeTimers();
    private final FakeServer server = new FakeServer();
    private XdsMux mux = mux(false, 0);

    private ResourceDecoder decoder() {
        return new ResourceDecoder(
                new DynamicFields(false, false, stats.counter("unknown")),
                Map.of(
                        RUNTIME,
                        SupportedFields.of(RUNTIME).supported("name", "layer"),
                        ResourceType.SECRET.message(),
                        SupportedFields.of(ResourceType.SECRET.message()).supported("name"),
                        ResourceType.EXTENSION_CONFIG.message(),
                        SupportedFields.of(ResourceType.EXTENSION_CONFIG.message())
                                .supported("name", "typed_config"),
                        ResourceType.VIRTUAL_HOST.message(),
                        SupportedFields.of(ResourceType.VIRTUAL_HOST.message()).supported("name", "domains")));
    }

    private XdsMux mux(boolean delta, int tokens) {
        server.delta = delta;
        return new XdsMux(
                new XdsMux.Settings("/ads", delta, false, tokens, 1),
                List.of(server),
                timers,
                decoder(),
                new byte[] {10, 1, 'n'},
                stats);
    }

    private final class FakeTimers implements XdsTimers {
        final PriorityQueue<Entry> queue = new PriorityQueue<>();
        long now;
        long order;

        record Entry(long at, long order, Runnable action) implements Comparable<Entry> {
            @Override
            public int compareTo(Entry o) {
                return at == o.at ? Long.compare(order, o.order) : Long.compare(at, o.at);
            }
        }

        @Override
        public Timer schedule(Runnable action, long delayNanos) {
            Entry e = new Entry(now + delayNanos, order++, action);
            queue.add(e);
            return () -> queue.remove(e);
        }

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public long random(long bound) {
            return bound - 1;
        }

        void pass(long nanos) {
            long end = now + nanos;
            while (!queue.isEmpty() && queue.peek().at() <= end) {
                Entry e = queue.poll();
                now = e.at();
                e.action().run();
            }
            now = end;
        }
    }

    /** Notes requests in one line each. */
    private static final class FakeServer implements XdsTransport {
        final List<String> seen = new ArrayList<>();
        boolean delta;
        boolean down;

        @Nullable
        Listener listener;

        @Override
        public @Nullable Stream open(String method, Listener l) {
            if (down) {
                l.onClose(14, "no connection");
                return null;
            }
            listener = l;
            return new Stream() {
                @Override
                public void send(ProtoWriter message) {
                    seen.add(line(message.toByteArray(), delta));
                }

                @Override
                public void reset() {
                    seen.add("reset");
                }
            };
        }

        @Override
        public String name() {
            return "fake";
        }

        List<String> taken() {
            List<String> all = List.copyOf(seen);
            seen.clear();
            return all;
        }
    }

    private static String line(byte[] message, boolean delta) {
        WireReader in = new WireReader(message, 0, message.length);
        StringBuilder s = new StringBuilder();
        Map<Integer, String> labels =
                delta ? Map.of(3, "+", 4, "-", 6, "nonce=") : Map.of(1, "version=", 3, "", 5, "nonce=");
        int error = delta ? 7 : 6;
        while (in.hasMore()) {
            int tag = in.tag();
            int field = tag >>> 3;
            String label = labels.get(field);
            if (label != null) {
                s.append(s.isEmpty() ? "" : " ").append(label).append(in.utf8());
            } else if (field == error) {
                s.append(" refused");
                in.skip(tag);
            } else if (delta && field == 5) {
                WireReader entry = in.sub();
                entry.tag();
                String name = entry.utf8();
                entry.tag();
                s.append(s.isEmpty() ? "" : " ")
                        .append("has ")
                        .append(name)
                        .append('@')
                        .append(entry.utf8());
            } else {
                in.skip(tag);
            }
        }
        return s.toString();
    }

    private static final class Told implements ResourceWatcher {
        final List<String> log = new ArrayList<>();
        boolean refuse;

        @Override
        public void onUpdate(List<Resource> resources, String version) {
            if (refuse) {
                throw new ConfigException("no");
            }
            log.add(version + resources.stream().map(Resource::name).toList());
        }

        @Override
        public void onDelta(List<Resource> added, List<String> removed, String version) {
            if (refuse) {
                throw new ConfigException("no");
            }
            log.add("+" + added.stream().map(Resource::name).toList() + "-" + removed);
        }

        @Override
        public void onAnswered(List<String> names) {
            log.add("answered " + names);
        }

        @Override
        public void onFailure() {
            log.add("failure");
        }
    }

    private Subscription subscribe(Told told) {
        return mux.subscribe(ResourceType.RUNTIME, new SubscriptionStats(stats.scope("s.")), told, 15 * SECOND, false);
    }

    private static byte[] runtime(String name) {
        return new ProtoWriter().string(1, name).toByteArray();
    }

    private void respond(String version, String nonce, String... names) {
        ProtoWriter out = new ProtoWriter().string(1, version);
        for (String name : names) {
            out.any(2, RUNTIME, new ProtoWriter().string(1, name));
        }
        out.string(4, ResourceType.RUNTIME.typeUrl()).string(5, nonce);
        deliver(out);
    }

    private void deliver(ProtoWriter out) {
        XdsTransport.Listener l = server.listener;
        assertThat(l).isNotNull();
        l.onMessage(out.toByteArray());
    }

    private void delta(String nonce, Map<String, String> added, String... removed) {
        deltaWithTtl(nonce, added, 0, removed);
    }

    private void deltaWithTtl(String nonce, Map<String, String> added, long ttlNanos, String... removed) {
        ProtoWriter out = new ProtoWriter();
        added.forEach((name, version) -> {
            int r = out.begin(2);
            out.string(1, version)
                    .any(2, RUNTIME, new ProtoWriter().string(1, name))
                    .string(3, name);
            if (ttlNanos > 0) {
                out.time(6, ttlNanos);
            }
            out.end(r);
        });
        out.string(4, ResourceType.RUNTIME.typeUrl()).string(5, nonce);
        for (String name : removed) {
            out.stringAlways(6, name);
        }
        deliver(out);
    }

    @Test
    void a_response_is_acknowledged_with_its_version_and_a_refused_one_with_that_of_before() {
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        assertThat(server.taken()).containsExactly("a");
        respond("1", "n1", "a");
        assertThat(server.taken()).containsExactly("version=1 a nonce=n1");
        told.refuse = true;
        respond("2", "n2", "a");
        assertThat(server.taken()).containsExactly("version=1 a nonce=n2 refused");
        told.refuse = false;
        respond("3", "n3", "a");
        assertThat(server.taken()).containsExactly("version=3 a nonce=n3");
        assertThat(told.log).containsExactly("1[a]", "failure", "3[a]");
        assertThat(stats.value("s.update_success")).isEqualTo(2);
        assertThat(stats.value("s.update_rejected")).isEqualTo(1);
    }

    /** A server that answers each refusal at once with what was refused: java-control-plane's does. */
    @Test
    void a_server_that_insists_is_refused_with_longer_and_longer_pauses() {
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        respond("1", "n1", "a");
        server.taken();
        told.refuse = true;
        int refusals = 0;
        respond("2", "m0", "b", "a");
        for (int millis = 0; millis < 60_000; millis += 100) {
            if (!server.taken().isEmpty()) {
                refusals++;
                respond("2", "m" + refusals, "b", "a");
            }
            timers.pass(SECOND / 10);
        }
        assertThat(refusals).isBetween(6, 9);
        told.refuse = false;
        respond("3", "n3", "a");
        assertThat(server.taken()).as("what is accepted is told at once").containsExactly("version=3 a nonce=n3");
        timers.pass(120 * SECOND);
        assertThat(server.taken()).isEmpty();
        told.refuse = true;
        respond("4", "n4", "a");
        assertThat(server.taken()).as("other content, too").containsExactly("version=3 a nonce=n4 refused");
    }

    @Test
    void a_wish_takes_the_refusal_that_waits_along() {
        Told told = new Told();
        Subscription subscription = subscribe(told);
        subscription.start(Set.of("a"));
        mux.start();
        told.refuse = true;
        respond("1", "n1", "a");
        respond("1", "n2", "a");
        assertThat(server.taken()).containsExactly("a", "a nonce=n1 refused");
        subscription.names(Set.of("a", "b"));
        assertThat(server.taken()).containsExactly("a b nonce=n2 refused");
        timers.pass(10 * SECOND);
        assertThat(server.taken()).isEmpty();
    }

    @Test
    void a_stream_that_ends_takes_the_refusal_that_waits_along() {
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        told.refuse = true;
        respond("1", "n1", "a");
        respond("1", "n2", "a");
        server.taken();
        XdsTransport.Listener l = server.listener;
        assertThat(l).isNotNull();
        l.onClose(14, "gone");
        timers.pass(60 * SECOND);
        assertThat(server.taken()).as("the first request of the next stream").containsExactly("a");
    }

    /** Nothing that a server sends does more than end its stream; what was accepted stays, and the next stream says so. */
    @RepeatedTest(20)
    void garbage_ends_the_stream_at_most(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        respond("1", "n1", "a");
        server.taken();
        ProtoWriter good = new ProtoWriter()
                .string(1, "2")
                .any(2, RUNTIME, new ProtoWriter().string(1, "a"))
                .string(4, ResourceType.RUNTIME.typeUrl())
                .string(5, "n2");
        for (int i = 0; i < 50; i++) {
            byte[] bytes = good.toByteArray();
            if (random.nextBoolean()) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            for (int k = random.nextInt(4); k > 0 && bytes.length > 0; k--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            XdsTransport.Listener l = server.listener;
            assertThat(l).isNotNull();
            l.onMessage(bytes);
            timers.pass(40 * SECOND);
        }
        assertThat(told.log).as("what was accepted is never taken away").noneMatch(line -> line.equals("+[]-[a]"));
        server.taken();
        respond("9", "n9", "a");
        assertThat(server.taken()).containsExactly("version=9 a nonce=n9");
        assertThat(told.log).endsWith("9[a]");
        assertThat(timers.queue.size()).as("timers").isLessThan(5);
    }

    @Test
    void a_new_stream_says_what_is_had_and_no_nonce() {
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        respond("1", "n1", "a");
        server.taken();
        assertThat(stats.value("control_plane.connected_state")).isEqualTo(1);
        server.listener.onClose(14, "gone");
        assertThat(stats.value("control_plane.connected_state")).isZero();
        timers.pass(SECOND / 2);
        assertThat(server.taken()).containsExactly("version=1 a");
        assertThat(stats.value("s.update_failure")).isEqualTo(1);
    }

    @Test
    void tries_come_less_often_the_longer_a_server_is_away() {
        server.down = true;
        subscribe(new Told()).start(Set.of("a"));
        mux.start();
        int[] tries = new int[4];
        for (int i = 0; i < tries.length; i++) {
            long before =
                    timers.queue.stream().filter(e -> e.at() - timers.now > 0).count();
            assertThat(before).isPositive();
            tries[i] = (int) stats.value("s.update_failure");
            timers.pass((SECOND / 2) << i);
        }
        assertThat(tries).containsExactly(1, 2, 3, 4);
    }

    private final List<String> tried = new ArrayList<>();

    /** Notes who is tried; both are down unless the test says otherwise. */
    private XdsTransport noting(String name, FakeServer of) {
        return new XdsTransport() {
            @Override
            public @Nullable Stream open(String method, Listener l) {
                tried.add(name);
                return of.open(method, l);
            }

            @Override
            public String name() {
                return name;
            }
        };
    }

    @Test
    void the_second_server_is_for_those_whom_the_first_has_never_answered() {
        FakeServer second = new FakeServer();
        server.down = second.down = true;
        mux = new XdsMux(
                new XdsMux.Settings("/ads", false, false, 0, 1),
                List.of(noting("first", server), noting("second", second)),
                timers,
                decoder(),
                new byte[] {10, 1, 'n'},
                stats);
        subscribe(new Told()).start(Set.of("a"));
        mux.start();
        timers.pass(30 * SECOND);
        assertThat(tried).startsWith("first", "first", "second", "first", "second", "first");
        second.down = false;
        timers.pass(90 * SECOND);
        assertThat(second.taken()).containsExactly("a");
        assertThat(stats.value("control_plane.connected_state")).isEqualTo(2);
        second.listener.onMessage(new ProtoWriter()
                .string(1, "1")
                .any(2, RUNTIME, new ProtoWriter().string(1, "a"))
                .string(4, ResourceType.RUNTIME.typeUrl())
                .string(5, "n1")
                .toByteArray());
        tried.clear();
        second.listener.onClose(14, "gone");
        timers.pass(2 * SECOND);
        assertThat(tried).as("the first is preferred").startsWith("first", "second");
        server.down = false;
        second.listener.onClose(14, "gone");
        timers.pass(2 * SECOND);
        assertThat(stats.value("control_plane.connected_state")).isEqualTo(1);
        respond("1", "n1", "a");
        server.down = true;
        tried.clear();
        server.listener.onClose(14, "gone");
        timers.pass(300 * SECOND);
        assertThat(tried).contains("first").doesNotContain("second");
    }

    @Test
    void who_asks_for_what_is_known_has_it_without_asking_the_server() {
        subscribe(new Told()).start(Set.of("a"));
        mux.start();
        respond("1", "n1", "a");
        server.taken();
        Told second = new Told();
        subscribe(second).start(Set.of("a"));
        timers.pass(1);
        assertThat(second.log).containsExactly("1[a]");
        assertThat(server.taken()).isEmpty();
    }

    @Test
    void patience_ends_after_its_time_only() {
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        timers.pass(15 * SECOND - 1);
        assertThat(told.log).isEmpty();
        timers.pass(1);
        assertThat(told.log).containsExactly("failure");
        assertThat(stats.value("s.init_fetch_timeout")).isEqualTo(1);
    }

    @Test
    void garbage_ends_the_stream_and_not_the_process() {
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        server.taken();
        server.listener.onMessage(new byte[] {(byte) 0xff, 3, 7});
        assertThat(server.taken()).containsExactly("reset");
        timers.pass(SECOND);
        respond("1", "n1", "a");
        assertThat(told.log).containsExactly("1[a]");
    }

    @Test
    void a_resource_of_another_type_refuses_the_response() {
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        server.taken();
        deliver(new ProtoWriter()
                .string(1, "9")
                .any(2, "envoy.config.cluster.v3.Cluster", new ProtoWriter().string(1, "a"))
                .string(4, ResourceType.RUNTIME.typeUrl())
                .string(5, "n1"));
        assertThat(server.taken()).containsExactly("a nonce=n1 refused");
        assertThat(told.log).containsExactly("failure");
    }

    @Test
    void incremental_requests_say_what_changed() {
        mux = mux(true, 0);
        Told told = new Told();
        Subscription s = subscribe(told);
        s.start(Set.of("a"));
        mux.start();
        assertThat(server.taken()).containsExactly("+a");
        delta("n1", Map.of("a", "v1"));
        assertThat(server.taken()).containsExactly("nonce=n1");
        s.names(Set.of("b"));
        assertThat(server.taken()).containsExactly("+b -a");
        delta("n2", Map.of("b", "v7"));
        told.refuse = true;
        delta("n3", Map.of("b", "v8"));
        assertThat(server.taken()).containsExactly("nonce=n2", "nonce=n3 refused");
        server.listener.onClose(14, "gone");
        timers.pass(SECOND);
        assertThat(server.taken()).containsExactly("+b has b@v7");
    }

    @Test
    void a_resource_whose_time_is_over_is_removed_and_a_heartbeat_renews_it() {
        mux = mux(true, 0);
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        deltaWithTtl("n1", Map.of("a", "v1"), 2 * SECOND);
        timers.pass(SECOND);
        ProtoWriter heartbeat = new ProtoWriter();
        int r = heartbeat.begin(2);
        heartbeat.string(1, "v1").string(3, "a").time(6, 2 * SECOND).end(r);
        heartbeat.string(4, ResourceType.RUNTIME.typeUrl()).string(5, "n2");
        deliver(heartbeat);
        timers.pass(2 * SECOND - 1);
        assertThat(told.log).containsExactly("+[a]-[]");
        timers.pass(1);
        assertThat(told.log).containsExactly("+[a]-[]", "+[]-[a]");
    }

    /** A response with a resource that has a time to live, or with a heartbeat for it. */
    private void living(boolean delta, ResourceType type, boolean heartbeat, String nonce) {
        ProtoWriter wrapper = new ProtoWriter().string(1, "v1");
        if (!heartbeat) {
            ProtoWriter content = new ProtoWriter().string(1, "a");
            if (type == ResourceType.EXTENSION_CONFIG) {
                content.any(2, RUNTIME, new ProtoWriter().string(1, "filter"));
            }
            wrapper.any(2, type.message(), content);
        }
        wrapper.string(3, "a").time(6, 2 * SECOND);
        ProtoWriter out = new ProtoWriter();
        if (delta) {
            out.message(2, wrapper);
        } else {
            out.string(1, "v1").any(2, "envoy.service.discovery.v3.Resource", wrapper);
        }
        deliver(out.string(4, type.typeUrl()).string(5, nonce));
    }

    /** The dead man's switch: what is renewed stays, what is not goes, and comes back from a server that comes back. */
    @ParameterizedTest
    @CsvSource({
        "true, RUNTIME", "true, SECRET", "true, EXTENSION_CONFIG",
        "false, RUNTIME", "false, SECRET", "false, EXTENSION_CONFIG"
    })
    void a_resource_lives_as_long_as_heartbeats_come(boolean delta, ResourceType type) {
        mux = mux(delta, 0);
        Told told = new Told();
        mux.subscribe(type, new SubscriptionStats(stats.scope("s.")), told, 15 * SECOND, false)
                .start(Set.of("a"));
        mux.start();
        living(delta, type, false, "n1");
        String came = delta ? "+[a]-[]" : "v1[a]";
        assertThat(told.log).containsExactly(came);
        for (int i = 0; i < 3; i++) {
            timers.pass(2 * SECOND - 1);
            living(delta, type, true, "h" + i);
        }
        assertThat(told.log).as("no heartbeat is an update").containsExactly(came);
        assertThat(server.taken()).as("each is acknowledged").last().asString().endsWith("nonce=h2");
        server.listener.onClose(14, "gone");
        server.down = true;
        timers.pass(2 * SECOND - 1);
        assertThat(told.log).containsExactly(came);
        timers.pass(1);
        assertThat(told.log).containsExactly(came, "+[]-[a]");
        server.down = false;
        timers.pass(60 * SECOND);
        assertThat(server.taken()).as("what is gone is not said to be had").containsExactly(delta ? "+a" : "a");
        living(delta, type, false, "n2");
        assertThat(told.log).containsExactly(came, "+[]-[a]", came);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void an_update_without_a_time_to_live_ends_the_one_of_before(boolean delta) {
        mux = mux(delta, 0);
        Told told = new Told();
        subscribe(told).start(Set.of("a"));
        mux.start();
        living(delta, ResourceType.RUNTIME, false, "n1");
        if (delta) {
            delta("n2", Map.of("a", "v2"));
        } else {
            respond("v2", "n2", "a");
        }
        timers.pass(60 * SECOND);
        assertThat(told.log).hasSize(2).noneMatch(line -> line.contains("-[a]"));
    }

    // ---- virtual hosts ----

    /** @param host null = there is no such host */
    private static void addHost(ProtoWriter out, String name, @Nullable String host, String alias) {
        int r = out.begin(2);
        out.string(1, "v1").string(3, name).string(4, alias);
        if (host != null) {
            out.any(
                    2,
                    ResourceType.VIRTUAL_HOST.message(),
                    new ProtoWriter().string(1, host).string(2, host));
        }
        out.end(r);
    }

    private void hosts(ProtoWriter out, String nonce) {
        deliver(out.string(4, ResourceType.VIRTUAL_HOST.typeUrl()).string(5, nonce));
    }

    @Test
    void virtual_hosts_are_asked_for_as_all_and_then_by_name() {
        mux = mux(true, 0);
        Told told = new Told();
        Subscription s = mux.subscribe(
                ResourceType.VIRTUAL_HOST, new SubscriptionStats(stats.scope("s.")), told, 15 * SECOND, false);
        s.start(Set.of("ns/r"));
        mux.start();
        assertThat(server.taken()).as("no name means all").containsExactly("");
        hosts(new ProtoWriter(), "n1");
        assertThat(told.log).as("an answer without hosts is one").containsExactly("+[]-[]");
        s.names(Set.of("ns/r", "ns/r/a.test", "ns/r/b.test"));
        assertThat(server.taken()).containsExactly("nonce=n1", "+ns/r/a.test +ns/r/b.test");
        ProtoWriter both = new ProtoWriter();
        addHost(both, "ns/r/one", "a.test", "ns/r/a.test");
        addHost(both, "ns/r/b.test", null, "ns/r/b.test");
        addHost(both, "other/c.test", "c.test", "other/c.test");
        hosts(both, "n2");
        assertThat(told.log)
                .containsExactly("+[]-[]", "+[ns/r/one]-[]", "answered [ns/r/one, ns/r/a.test, ns/r/b.test]");
        s.names(Set.of("ns/r", "ns/r/a.test"));
        assertThat(server.taken()).containsExactly("nonce=n2", "-ns/r/b.test");
        timers.pass(1);
        assertThat(told.log).as("what is had is not told again").hasSize(3);
        server.listener.onClose(14, "gone");
        timers.pass(SECOND);
        assertThat(server.taken()).containsExactly("+ns/r/a.test +* has ns/r/one@v1");
    }

    @Test
    void a_refused_virtual_host_answers_nobody() {
        mux = mux(true, 0);
        Told told = new Told();
        mux.subscribe(ResourceType.VIRTUAL_HOST, new SubscriptionStats(stats.scope("s.")), told, 15 * SECOND, false)
                .start(Set.of("r"));
        mux.start();
        told.refuse = true;
        ProtoWriter host = new ProtoWriter();
        addHost(host, "r/a.test", "a.test", "r/a.test");
        hosts(host, "n1");
        assertThat(told.log).containsExactly("failure");
    }

    @Test
    void requests_over_the_limit_wait() {
        mux = mux(false, 1);
        subscribe(new Told()).start(Set.of("a"));
        mux.start();
        respond("1", "n1", "a");
        assertThat(server.taken()).containsExactly("a");
        assertThat(stats.value("control_plane.rate_limit_enforced")).isPositive();
        timers.pass(SECOND);
        assertThat(server.taken()).containsExactly("version=1 a nonce=n1");
    }

    @Test
    void a_name_in_the_resource_counts_when_no_wrapper_has_one() {
        Told told = new Told();
        subscribe(told).start(Set.of("a", "b"));
        mux.start();
        respond("1", "n1", "b", "c");
        assertThat(told.log).containsExactly("1[b]");
        assertThat(runtime("b")).isNotEmpty();
    }
}
