package dev.mishap.control.xds;

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

    /** Whether a peer may be told what a node has (client status); without saying more: everybody may. */
    default boolean mayRead(NodeInfo node, Peer peer) {
        return true;
    }
}
