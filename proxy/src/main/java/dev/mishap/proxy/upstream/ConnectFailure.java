package dev.mishap.proxy.upstream;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why a connection did not come about.
 *
 * @param transportFailure {@code %UPSTREAM_TRANSPORT_FAILURE_REASON%}, or null when nothing is known
 * @param marks of those who wanted it, by whatever had it fail; or null
 */
record ConnectFailure(
        ResetReason reason,
        @Nullable String transportFailure,
        @Nullable Map<String, Object> marks) {
    static final ConnectFailure TIMEOUT = new ConnectFailure(ResetReason.CONNECTION_TIMEOUT, null);

    ConnectFailure(ResetReason reason, @Nullable String transportFailure) {
        this(reason, transportFailure, null);
    }

    ConnectFailure marked(@Nullable Map<String, Object> by) {
        return by == null || by.isEmpty() ? this : new ConnectFailure(reason, transportFailure, by);
    }

    boolean timeout() {
        return reason == ResetReason.CONNECTION_TIMEOUT;
    }

    /** Whether this side ended it; else the peer, or the way to it, did. */
    boolean local() {
        return reason != ResetReason.REMOTE_CONNECTION_FAILURE;
    }
}
