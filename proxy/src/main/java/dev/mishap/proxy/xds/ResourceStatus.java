package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a subscription to one resource stands.
 *
 * @param version of what is in use, {@code ""} when nothing is
 * @param error of the last update, null when that was accepted
 */
public record ResourceStatus(
        String name, State state, String version, @Nullable Refusal error) {
    /** {@code envoy.admin.v3.ClientResourceStatus}, without what can't be here. */
    public enum State {
        REQUESTED,
        DOES_NOT_EXIST,
        ACKED,
        NACKED,
        TIMEOUT
    }

    /**
     * Why an update was refused.
     *
     * @param config what was refused, null when that can't be told
     * @param version that was refused, {@code ""} when that can't be told
     */
    public record Refusal(@Nullable ConfigNode config, String version, String details, Instant attempted) {}

    /** Whether some version of the resource is in use. */
    public boolean isInUse() {
        return state == State.ACKED || !version.isEmpty();
    }
}
