package dev.mishap.proxy.admin;

import java.net.SocketAddress;
import java.util.List;

/** What the admin server asks of the process. Called on the admin server's loop. */
public interface ServerControl {
    /** Where the process is in its life, by Envoy's names. */
    enum State {
        LIVE,
        DRAINING,
        PRE_INITIALIZING,
        INITIALIZING
    }

    /** A listener that is in use. */
    record ListenerView(String name, SocketAddress address, List<SocketAddress> additional) {}

    State state();

    List<ListenerView> listeners();

    /** What was discovered. */
    default DynamicConfigs dynamicConfigs() {
        return DynamicConfigs.NONE;
    }

    /** Makes health checks fail, or pass again. */
    void failHealthChecks(boolean fail);

    /**
     * Stops listening, as {@code /drain_listeners} says.
     *
     * @param graceful whether connections are first told to go, for the drain time
     * @param skipExit whether listeners go on after the drain
     * @param inboundOnly only listeners whose traffic_direction is INBOUND
     */
    void drainListeners(boolean graceful, boolean skipExit, boolean inboundOnly);

    /** Ends the process in good order, soon. */
    void quit();
}
