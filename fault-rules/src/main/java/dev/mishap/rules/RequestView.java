package dev.mishap.rules;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** What the rules may know of one request. A data plane implements it over its own headers, one reusable object a worker. */
public interface RequestView {
    /** The name of the listener that accepted the connection. */
    @Nullable
    String listener();

    /** The cluster that the selected route leads to. */
    @Nullable
    String cluster();

    /** The name of the selected route. */
    @Nullable
    String route();

    String method();

    /** The path without its query. */
    String path();

    /**
     * The value of the header that {@link HeaderSlots} gave this number, repeated lines joined with a comma; null when absent.
     */
    @Nullable
    String header(int slot);

    /** The downstream address that the access log shows. */
    @Nullable
    InetAddress sourceAddress();

    /**
     * Whether {@code x-request-id} was made by this proxy, not sent by the client. Such an id is random, so it decides who is
     * in the cohort (services forward it) but not the draw, which could not be replayed from it.
     */
    boolean requestIdGenerated();

    /** The port that the connection was meant for; 0 when unknown. */
    default int destinationPort() {
        return 0;
    }

    /** Whether the data plane answers it as a health check of its own. */
    default boolean isOwnHealthCheck() {
        return false;
    }
}
