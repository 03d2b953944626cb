package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a stream knows of one type: its subscribers, what was accepted, and what is to be acknowledged. */
abstract class TypeState {
    /** More of an error than this is cut off: servers have limits for headers and messages. */
    private static final int MAX_ERROR = 4096;

    private static final int INTERNAL = 13;
    private static final long HOLD_BASE_NANOS = 500_000_000L;
    private static final long HOLD_MAX_NANOS = 30_000_000_000L;

    final XdsMux mux;
    final ResourceType type;
    final List<Watch> watches = new ArrayList<>();
    /** What was accepted of names that somebody wants; not of types with a wildcard, whose owners keep them. */
    final Map<String, Resource> known = new LinkedHashMap<>();

    private final Map<String, XdsTimers.Timer> ttls = new HashMap<>();
    String nonce = "";

    @Nullable
    String error;

    /** Of the last response that was refused, and how often that came in a row. */
    private int refusedContent;

    private int refusals;
    private XdsTimers.@Nullable Timer held;

    TypeState(XdsMux mux, ResourceType type) {
        this.mux = mux;
        this.type = type;
    }

    /** All names that subscribers want, sorted; empty when one wants all. */
    Set<String> names() {
        Set<String> names = new TreeSet<>();
        for (Watch w : watches) {
            if (w.wildcard()) {
                return Set.of();
            }
            names.addAll(w.names());
        }
        return names;
    }

    /** Whether what subscribers want differs from what the server was told. */
    abstract boolean hasNews();

    /** Writes a request: the first, a change of names, or what acknowledges a response. */
    abstract void request(ProtoWriter out, byte @Nullable [] node, boolean acknowledge);

    /** Applies a response; {@link #error} tells whether it was accepted. */
    abstract void apply(Envelope response);

    /** A new stream: nothing was sent on it yet. */
    abstract void connected();

    /** A subscriber is new or wants something else: it has at once what is known already. */
    void added(Watch watch) {
        List<Resource> have = new ArrayList<>();
        for (Resource r : known.values()) {
            if (watch.wants(r.name())) {
                have.add(r);
            }
        }
        if (!have.isEmpty()) {
            mux.soon(() -> {
                if (watches.contains(watch)) {
                    watch.deliver(
                            have, mux.isDelta() ? List.of() : null, have.get(0).version());
                }
            });
        }
    }

    void forgetUnwanted() {
        known.keySet().removeIf(name -> !isWanted(name));
        new ArrayList<>(ttls.keySet()).forEach(name -> {
            if (!isWanted(name)) {
                ttl(name, 0);
            }
        });
    }

    boolean isWanted(String name) {
        return watches.stream().anyMatch(w -> w.wants(name));
    }

    /** Decodes; a heartbeat renews its resource's time and is not in the result. */
    List<Resource> decode(Envelope response, List<Envelope.Item> heartbeats) {
        List<Resource> resources = new ArrayList<>();
        for (Envelope.Item item : response.items()) {
            byte[] content = item.content();
            if (content == null) {
                heartbeats.add(item);
                continue;
            }
            if (!item.typeUrl().equals(type.typeUrl())) {
                throw new ConfigException(item.typeUrl() + " does not match the message-wide type URL "
                        + response.typeUrl() + " in DiscoveryResponse");
            }
            String version = item.version().isEmpty() ? response.version() : item.version();
            resources.add(mux.decoder().binary(type, item.name(), version, content));
        }
        return resources;
    }

    /** (Re)starts the time after which a resource is gone; 0 = never. */
    void ttl(String name, long nanos) {
        XdsTimers.Timer before = ttls.remove(name);
        if (before != null) {
            before.cancel();
        }
        if (nanos > 0) {
            ttls.put(name, mux.timers().schedule(() -> expired(name), nanos));
        }
    }

    /** A resource's time is over: a later stream must not say that it is had, or the server would not send it again. */
    abstract void lost(String name);

    private void expired(String name) {
        ttls.remove(name);
        known.remove(name);
        lost(name);
        for (Watch w : List.copyOf(watches)) {
            if (w.wants(name)) {
                w.deliver(List.of(), List.of(name), "");
            }
        }
        mux.flush();
    }

    // ---- refusals ----

    /**
     * How long the answer to {@code response}, which was just applied, is to wait. A refusal is told at once; when the server
     * answers it with what was refused, there would be no end and no pause, so that the next ones wait, longer each time.
     */
    long holdNanos(Envelope response) {
        if (error == null) {
            refusals = 0;
            return 0;
        }
        int content = response.contentHash();
        if (content != refusedContent) {
            refusals = 0;
            refusedContent = content;
        }
        int before = refusals++;
        return before == 0 ? 0 : Math.min(HOLD_MAX_NANOS, HOLD_BASE_NANOS << Math.min(before - 1, 10));
    }

    void hold(XdsTimers.Timer until) {
        held = until;
    }

    /** Ends the wait of an answer, whether there was one. */
    boolean unhold() {
        XdsTimers.Timer h = held;
        held = null;
        if (h == null) {
            return false;
        }
        h.cancel();
        return true;
    }

    void stop() {
        unhold();
        ttls.values().forEach(XdsTimers.Timer::cancel);
        ttls.clear();
    }

    void refuse(String why) {
        error = why;
        List.copyOf(watches).forEach(w -> w.reject(why));
    }

    static void errorDetail(ProtoWriter out, int field, String error) {
        int begun = out.begin(field);
        out.varint(1, INTERNAL);
        out.string(2, error.length() > MAX_ERROR ? error.substring(0, MAX_ERROR) + "...(truncated)" : error);
        out.end(begun);
    }
}
