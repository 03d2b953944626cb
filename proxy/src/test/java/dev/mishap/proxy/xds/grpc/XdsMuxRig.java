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
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** A multiplexer between a server and a clock that a test plays. */
abstract class XdsMuxRig {
    static final String RUNTIME = "envoy.service.runtime.v3.Runtime";
    static final long SECOND = 1_000_000_000L;

    final StatsStore stats = new StatsStore();
    final FakeTimers timers = new FakeTimers();
    final FakeServer server = new FakeServer();
    XdsMux mux = mux(false, 0);

    ResourceDecoder decoder() {
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

    XdsMux mux(boolean delta, int tokens) {
        server.delta = delta;
        return new XdsMux(
                new XdsMux.Settings("/ads", delta, false, tokens, 1),
                List.of(server),
                timers,
                decoder(),
                new byte[] {10, 1, 'n'},
                stats);
    }

    final class FakeTimers implements XdsTimers {
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
    static final class FakeServer implements XdsTransport {
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

    static String line(byte[] message, boolean delta) {
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

    static final class Told implements ResourceWatcher {
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

    Subscription subscribe(Told told) {
        return mux.subscribe(ResourceType.RUNTIME, new SubscriptionStats(stats.scope("s.")), told, 15 * SECOND, false);
    }

    static byte[] runtime(String name) {
        return new ProtoWriter().string(1, name).toByteArray();
    }

    void respond(String version, String nonce, String... names) {
        ProtoWriter out = new ProtoWriter().string(1, version);
        for (String name : names) {
            out.any(2, RUNTIME, new ProtoWriter().string(1, name));
        }
        out.string(4, ResourceType.RUNTIME.typeUrl()).string(5, nonce);
        deliver(out);
    }

    void deliver(ProtoWriter out) {
        XdsTransport.Listener l = server.listener;
        assertThat(l).isNotNull();
        l.onMessage(out.toByteArray());
    }

    void delta(String nonce, Map<String, String> added, String... removed) {
        deltaWithTtl(nonce, added, 0, removed);
    }

    void deltaWithTtl(String nonce, Map<String, String> added, long ttlNanos, String... removed) {
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
}
