package dev.mishap.control.overlay;

import dev.mishap.control.xds.DemandListener;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** What of one type the clients of a node want, and what the control plane upstream has told of it. */
final class UpstreamType {
    final String typeUrl;
    /** May hold {@link DemandListener#ALL}. */
    final Set<String> wanted = new LinkedHashSet<>();
    /** What the stream of now has been asked for. */
    final Set<String> asked = new HashSet<>();
    /** The version of each resource that is there. */
    final Map<String, String> versions = new HashMap<>();

    String version = "";
    String nonce = "";
    /** Whether the stream of now has been asked for this type at all. */
    boolean opened;

    UpstreamType(String typeUrl) {
        this.typeUrl = typeUrl;
    }

    boolean wildcard() {
        return wanted.contains(DemandListener.ALL);
    }

    /** Whether a wildcard is all that is wanted: it is asked for by an empty list, as Envoys do. */
    boolean onlyWildcard() {
        return wildcard() && wanted.size() == 1;
    }

    void streamLost() {
        asked.clear();
        nonce = "";
        opened = false;
    }
}
