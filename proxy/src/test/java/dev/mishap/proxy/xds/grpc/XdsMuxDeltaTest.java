package dev.mishap.proxy.xds.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Incremental updates, times to live, and virtual hosts, which are asked for by aliases. */
class XdsMuxDeltaTest extends XdsMuxRig {
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
}
