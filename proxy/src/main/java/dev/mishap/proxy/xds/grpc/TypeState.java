package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
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

    private boolean changed;

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

    /** Subscribers came or went, or want something else. */
    final void wishesChanged() {
        changed = true;
    }

    /** Whether what subscribers want differs from what the server was told. Asked for often, with thousands of names. */
    final boolean hasNews() {
        if (!wasTold()) {
            return !watches.isEmpty();
        }
        changed = changed && differs();
        return changed;
    }

    /** Whether anything was asked for on this stream. */
    abstract boolean wasTold();

    abstract boolean differs();

    /** Writes a request: the first, a change of names, or what acknowledges a response. */
    abstract void request(ProtoWriter out, byte @Nullable [] node, boolean acknowledge);

    /** Gives a subscriber what is its own of a response; null when it accepts that or there is none, else why not. */
    @Nullable
    abstract String deliver(Watch watch, List<Resource> resources, Envelope response);

    /** All of a response was accepted. */
    abstract void accepted(List<Resource> resources, Envelope response);

    /** Applies a response; {@link #error} tells whether it was accepted. */
    final void apply(Envelope response) {
        nonce = response.nonce();
        error = null;
        List<Resource> resources;
        List<Envelope.Item> heartbeats = new ArrayList<>();
        try {
            resources = decode(response, heartbeats);
        } catch (ConfigException e) {
            refuse(e.getMessage());
            return;
        }
        for (Envelope.Item item : heartbeats) {
            ttl(item.name(), item.ttlNanos());
        }
        // A virtual host without content is an answer: there is none.
        boolean onlyHeartbeats = resources.isEmpty()
                && !heartbeats.isEmpty()
                && response.removed().isEmpty()
                && type != ResourceType.VIRTUAL_HOST;
        Set<String> errors = new LinkedHashSet<>();
        for (Watch w : onlyHeartbeats ? List.<Watch>of() : List.copyOf(watches)) {
            String e = deliver(w, resources, response);
            if (e != null) {
                errors.add(e);
            }
        }
        keep(resources, response);
        if (errors.isEmpty()) {
            accepted(resources, response);
        } else {
            error = String.join("\n", errors);
        }
    }

    private void keep(List<Resource> resources, Envelope response) {
        int at = 0;
        for (Envelope.Item item : response.items()) {
            if (item.content() != null) {
                Resource r = resources.get(at++);
                ttl(r.name(), item.ttlNanos());
                if (!type.wildcard()) {
                    known.put(r.name(), r);
                }
            }
        }
        for (String name : response.removed()) {
            ttl(name, 0);
            known.remove(name);
        }
        forgetUnwanted();
    }

    static List<Resource> wantedBy(Watch watch, List<Resource> resources) {
        List<Resource> wanted = new ArrayList<>();
        for (Resource r : resources) {
            if (watch.wants(r.name())) {
                wanted.add(r);
            }
        }
        return wanted;
    }

    /** A new stream: nothing was sent on it yet. */
    abstract void connected();

    /** A subscriber is new or wants more: it has at once what is known already of the names that are new to it. */
    void added(Watch watch, Set<String> names) {
        List<Resource> have = wantedBy(watch, List.copyOf(known.values()));
        have.removeIf(r -> !names.contains(r.name()) && !names.contains(Watch.table(r.name())));
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
        if (known.isEmpty() && ttls.isEmpty()) {
            return;
        }
        // Thousands of subscribers with a name each: all names at once, and not each subscriber for each name.
        Set<String> names = new HashSet<>();
        for (Watch w : watches) {
            if (w.wildcard()) {
                return;
            }
            names.addAll(w.names());
        }
        Predicate<String> unwanted =
                name -> !names.contains(type == ResourceType.VIRTUAL_HOST ? Watch.table(name) : name);
        known.keySet().removeIf(unwanted);
        List.copyOf(ttls.keySet()).stream().filter(unwanted).forEach(name -> ttl(name, 0));
    }

    boolean isWanted(String name) {
        return watches.stream().anyMatch(w -> w.wants(name));
    }

    /** Decodes; a heartbeat renews its resource's time and is not in the result. */
    private List<Resource> decode(Envelope response, List<Envelope.Item> heartbeats) {
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
    private void ttl(String name, long nanos) {
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

    private void refuse(String why) {
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
