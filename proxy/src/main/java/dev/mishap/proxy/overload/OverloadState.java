package dev.mishap.proxy.overload;

import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What the overload manager has the workers do at the moment. Written on the main loop, read by all. A value is the share of the
 * occasions on which the action is taken, 0 to 1: between, the draw is made for each occasion.
 */
public final class OverloadState {
    private volatile float stopAcceptingRequests;
    private volatile float disableHttpKeepalive;
    private volatile float rejectIncomingConnections;
    private volatile boolean stopAcceptingConnections;
    private volatile @Nullable ConnectionBudget connections;

    /** Whether a request that begins is answered 503 at once. */
    public boolean stopsRequest() {
        return hits(stopAcceptingRequests);
    }

    /** Whether the connection of a response closes after it. */
    public boolean disablesKeepalive() {
        return hits(disableHttpKeepalive);
    }

    /** Whether a connection that was accepted is closed at once. */
    public boolean rejectsConnection() {
        return hits(rejectIncomingConnections);
    }

    /** Whether listeners leave connections in the kernel's queue. */
    public boolean stopsAccepting() {
        return stopAcceptingConnections;
    }

    /** How many connections the process may have, or null when the configuration does not say. */
    public @Nullable ConnectionBudget connections() {
        return connections;
    }

    void connections(ConnectionBudget budget) {
        connections = budget;
    }

    /** @return whether listeners have to be told */
    boolean set(OverloadAction action, float value) {
        switch (action) {
            case STOP_ACCEPTING_REQUESTS -> stopAcceptingRequests = value;
            case DISABLE_HTTP_KEEPALIVE -> disableHttpKeepalive = value;
            case REJECT_INCOMING_CONNECTIONS -> rejectIncomingConnections = value;
            case STOP_ACCEPTING_CONNECTIONS -> {
                boolean stop = value >= 1;
                boolean changed = stop != stopAcceptingConnections;
                stopAcceptingConnections = stop;
                return changed;
            }
            case SHRINK_HEAP -> {} // the manager does it itself
        }
        return false;
    }

    private static boolean hits(float share) {
        return share > 0 && (share >= 1 || ThreadLocalRandom.current().nextFloat() < share);
    }
}
