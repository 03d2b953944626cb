package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Incremental: responses hold what changed, requests what is wanted more or less. */
final class DeltaState extends TypeState {
    /** What the server was told on this stream; null before the first request. */
    private @Nullable Set<String> told;

    private boolean toldWildcard;
    private final Map<String, String> versions = new LinkedHashMap<>();

    DeltaState(XdsMux mux, ResourceType type) {
        super(mux, type);
    }

    private boolean wildcard() {
        return watches.stream().anyMatch(Watch::wildcard);
    }

    private Set<String> wanted() {
        Set<String> names = new TreeSet<>();
        if (type == ResourceType.VIRTUAL_HOST) {
            return names; // the server is asked for all, and a watch takes those of its table
        }
        watches.forEach(w -> names.addAll(w.names()));
        return names;
    }

    @Override
    boolean hasNews() {
        if (told == null) {
            return !watches.isEmpty();
        }
        return !wanted().equals(told) || wildcard() != toldWildcard;
    }

    @Override
    void connected() {
        nonce = "";
        error = null;
        told = null;
        toldWildcard = false;
    }

    @Override
    void lost(String name) {
        versions.remove(name);
    }

    @Override
    void request(ProtoWriter out, byte @Nullable [] node, boolean acknowledge) {
        if (node != null) {
            out.bytesAlways(1, node, 0, node.length);
        }
        out.string(2, type.typeUrl());
        boolean first = told == null;
        Set<String> before = told == null ? Set.of() : told;
        Set<String> names = wanted();
        boolean all = wildcard();
        for (String name : names) {
            if (!before.contains(name)) {
                out.stringAlways(3, name);
            }
        }
        // The first request of a stream means all when it names nothing; later ones say so.
        if (all && (first ? !names.isEmpty() : !toldWildcard)) {
            out.stringAlways(3, "*");
        }
        for (String name : before) {
            if (!names.contains(name)) {
                out.stringAlways(4, name);
                versions.remove(name);
            }
        }
        if (toldWildcard && !all) {
            out.stringAlways(4, "*");
        }
        if (first) {
            known(out);
        }
        told = names;
        toldWildcard = all;
        if (acknowledge) {
            out.string(6, nonce);
            String e = error;
            if (e != null) {
                errorDetail(out, 7, e);
            }
        }
    }

    /** What this side has from an earlier stream. */
    private void known(ProtoWriter out) {
        versions.forEach((name, version) -> {
            if (isWanted(name)) {
                int entry = out.begin(5);
                out.string(1, name);
                out.string(2, version);
                out.end(entry);
            }
        });
    }

    @Override
    void apply(Envelope response) {
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
        Set<String> errors = new LinkedHashSet<>();
        boolean onlyHeartbeats = resources.isEmpty()
                && !heartbeats.isEmpty()
                && response.removed().isEmpty();
        for (Watch w : onlyHeartbeats ? List.<Watch>of() : List.copyOf(watches)) {
            List<Resource> added = new ArrayList<>();
            for (Resource r : resources) {
                if (w.wants(r.name())) {
                    added.add(r);
                }
            }
            List<String> removed = response.removed().stream().filter(w::wants).toList();
            if (!added.isEmpty() || !removed.isEmpty() || w.wildcard()) {
                String e = w.deliver(added, removed, response.version());
                if (e != null) {
                    errors.add(e);
                }
            }
        }
        if (errors.isEmpty()) {
            for (Resource r : resources) {
                versions.put(r.name(), r.version());
            }
            response.removed().forEach(versions::remove);
        } else {
            error = String.join("\n", errors);
        }
        keep(response, resources);
    }

    private void keep(Envelope response, List<Resource> resources) {
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
}
