package dev.mishap.proxy.xds.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.Subscription;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** What a server sees and what subscribers are told, message by message. */
class XdsMuxTest extends XdsMuxRig {
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
