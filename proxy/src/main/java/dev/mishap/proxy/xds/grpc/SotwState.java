package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** State of the world: every response holds all that was asked for. */
final class SotwState extends TypeState {
    private String version = "";
    private @Nullable Set<String> told;
    /** Whether not all of {@link #version} is had any more. */
    private boolean incomplete;

    SotwState(XdsMux mux, ResourceType type) {
        super(mux, type);
    }

    @Override
    boolean hasNews() {
        return !names().equals(told) && !(told == null && watches.isEmpty());
    }

    @Override
    void connected() {
        nonce = "";
        error = null;
        told = null;
        if (incomplete) {
            version = "";
            incomplete = false;
        }
    }

    @Override
    void lost(String name) {
        incomplete = true;
    }

    @Override
    void request(ProtoWriter out, byte @Nullable [] node, boolean acknowledge) {
        Set<String> names = names();
        told = names;
        out.string(1, version);
        if (node != null) {
            out.bytesAlways(2, node, 0, node.length);
        }
        for (String name : names) {
            out.stringAlways(3, name);
        }
        out.string(4, type.typeUrl());
        out.string(5, nonce);
        String e = error;
        if (e != null && acknowledge) {
            errorDetail(out, 6, e);
        }
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
        boolean onlyHeartbeats = resources.isEmpty() && !heartbeats.isEmpty();
        for (Watch w : onlyHeartbeats ? List.<Watch>of() : List.copyOf(watches)) {
            if (w.wildcard()) {
                collect(errors, w.deliver(resources, null, response.version()));
                continue;
            }
            List<Resource> wanted = new ArrayList<>();
            for (Resource r : resources) {
                if (w.wants(r.name())) {
                    wanted.add(r);
                }
            }
            if (!wanted.isEmpty() || w.names().isEmpty()) {
                collect(errors, w.deliver(wanted, null, response.version()));
            }
        }
        keep(response, resources);
        if (errors.isEmpty()) {
            version = response.version();
            incomplete = false;
        } else {
            error = String.join("\n", errors);
        }
    }

    private static void collect(Set<String> errors, @Nullable String error) {
        if (error != null) {
            errors.add(error);
        }
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
        forgetUnwanted();
    }
}
