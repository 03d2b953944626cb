package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
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
    boolean wasTold() {
        return told != null;
    }

    @Override
    boolean differs() {
        return !names().equals(told);
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
    @Nullable
    String deliver(Watch watch, List<Resource> resources, Envelope response) {
        if (watch.wildcard()) {
            return watch.deliver(resources, null, response.version());
        }
        List<Resource> wanted = wantedBy(watch, resources);
        return wanted.isEmpty() && !watch.names().isEmpty() ? null : watch.deliver(wanted, null, response.version());
    }

    @Override
    void accepted(List<Resource> resources, Envelope response) {
        version = response.version();
        incomplete = false;
    }
}
