package dev.mishap.proxy.filter.network;

import dev.mishap.proxy.transport.SocketContext;

/** What a network filter's configuration may reach when it is parsed. */
public interface NetworkFilterContext extends SocketContext {
    /** Whether the listener's traffic_direction is OUTBOUND. */
    default boolean outbound() {
        return false;
    }

    /** {@code node.id}, {@code ""} when not given. */
    String nodeId();

    /** {@code node.cluster}, {@code ""} when not given. */
    String nodeCluster();
}
