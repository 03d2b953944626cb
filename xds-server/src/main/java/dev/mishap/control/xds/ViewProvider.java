package dev.mishap.control.xds;

import org.jspecify.annotations.Nullable;

/** Decides what a node gets. */
public interface ViewProvider {
    /**
     * Asked once for each stream, on a thread of the server, so it must not block: a view whose resources are not there yet has a
     * {@linkplain ResourceLayer#lazy lazy} layer. Nodes of one class should get equal views. A node's view changes later by
     * {@link ConnectedStream#moveTo}.
     *
     * @throws AccessDeniedException when this peer may not be this node; its stream ends with PERMISSION_DENIED and the message
     */
    ResourceView viewOf(NodeInfo node, Peer peer);

    /**
     * Why a peer may not speak for a node: be told what it has (client status), or tell how it fares (load reports); null = it may,
     * which is so for everybody unless something else is said.
     */
    default @Nullable String refusal(NodeInfo node, Peer peer) {
        return null;
    }
}
