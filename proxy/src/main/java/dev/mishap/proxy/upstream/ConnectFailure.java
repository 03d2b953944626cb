package dev.mishap.proxy.upstream;

import org.jspecify.annotations.Nullable;

/**
 * Why a connection did not come about.
 *
 * @param transportFailure {@code %UPSTREAM_TRANSPORT_FAILURE_REASON%}, or null when nothing is known
 */
record ConnectFailure(ResetReason reason, @Nullable String transportFailure) {
    static final ConnectFailure TIMEOUT = new ConnectFailure(ResetReason.CONNECTION_TIMEOUT, null);

    boolean timeout() {
        return reason == ResetReason.CONNECTION_TIMEOUT;
    }

    /** Whether this side ended it; else the peer, or the way to it, did. */
    boolean local() {
        return reason != ResetReason.REMOTE_CONNECTION_FAILURE;
    }
}
