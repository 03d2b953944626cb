package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
        return watches.stream().anyMatch(Watch::asksForAll);
    }

    private Set<String> wanted() {
        Set<String> names = new HashSet<>();
        watches.forEach(w -> w.addNamesToAsk(names));
        return names;
    }

    /** What {@code these} have and {@code those} have not, in order. */
    private static List<String> without(Set<String> these, Set<String> those) {
        List<String> rest = new ArrayList<>();
        for (String name : these) {
            if (!those.contains(name)) {
                rest.add(name);
            }
        }
        Collections.sort(rest);
        return rest;
    }

    @Override
    boolean wasTold() {
        return told != null;
    }

    @Override
    boolean differs() {
        return wildcard() != toldWildcard || !wanted().equals(told);
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
        Set<String> names = first || hasNews() ? wanted() : before;
        boolean all = wildcard();
        (names == before ? List.<String>of() : without(names, before)).forEach(name -> out.stringAlways(3, name));
        // The first request of a stream means all when it names nothing; later ones say so.
        if (all && (first ? !names.isEmpty() : !toldWildcard)) {
            out.stringAlways(3, "*");
        }
        for (String name : names == before ? List.<String>of() : without(before, names)) {
            out.stringAlways(4, name);
            versions.remove(name);
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
    @Nullable
    String deliver(Watch watch, List<Resource> resources, Envelope response) {
        List<Resource> added = wantedBy(watch, resources);
        List<String> removed = response.removed().stream().filter(watch::wants).toList();
        List<String> answered = type == ResourceType.VIRTUAL_HOST ? response.namesFor(watch::wants) : List.of();
        if (added.isEmpty() && removed.isEmpty() && answered.isEmpty() && !isForAll(watch, response)) {
            return null;
        }
        String refusal = watch.deliver(added, removed, response.version());
        if (refusal == null && !answered.isEmpty()) {
            watch.answered(answered);
        }
        return refusal;
    }

    /** Whether a response without anything for {@code watch} tells it something: that there is nothing. */
    private static boolean isForAll(Watch watch, Envelope response) {
        return watch.wildcard() || watch.asksForAll() && response.isEmpty();
    }

    @Override
    void accepted(List<Resource> resources, Envelope response) {
        for (Resource r : resources) {
            versions.put(r.name(), r.version());
        }
        response.removed().forEach(versions::remove);
    }
}
