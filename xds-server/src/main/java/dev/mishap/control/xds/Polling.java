package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Discovery without a stream, for clients that poll. What has a time to live is not served: a client that polls would keep it for ever,
 * so it gets what a layer below has under that name, if there is one.
 */
public final class Polling {
    /** @param resources empty when {@code unchanged} */
    public record Answer(String version, List<Resource> resources, boolean unchanged) {}

    private final ViewProvider views;
    private final NodeReader nodes = new NodeReader();

    public Polling(ViewProvider views) {
        this.views = views;
    }

    /**
     * What a node gets of a type now.
     *
     * @param node an {@code envoy.config.core.v3.Node}, serialised
     * @param names none = all
     * @param version that the client has; empty = none
     * @throws AccessDeniedException when the peer may not be this node
     * @throws IllegalArgumentException when the node is none
     */
    public Answer poll(ByteString node, Peer peer, String typeUrl, Collection<String> names, String version) {
        ResourceView view = views.viewOf(nodes.read(node), peer);
        return view.read(() -> {
            if (!view.complete(typeUrl)) {
                // As of a lazy layer that nobody has asked yet: what the client has is better than half an answer.
                return new Answer(version, List.of(), true);
            }
            Set<String> wanted = names.isEmpty() ? view.names(typeUrl) : Set.copyOf(names);
            List<Resource> resources = new ArrayList<>();
            long fingerprint = 0;
            for (String name : wanted) {
                Resource resource = view.findLasting(typeUrl, name).resource();
                if (resource != null) {
                    resources.add(resource);
                    fingerprint += resource.fingerprint();
                }
            }
            String label = view.label(typeUrl);
            String now = label != null && names.isEmpty() ? label : Long.toHexString(fingerprint);
            return now.equals(version) ? new Answer(now, List.of(), true) : new Answer(now, resources, false);
        });
    }
}
