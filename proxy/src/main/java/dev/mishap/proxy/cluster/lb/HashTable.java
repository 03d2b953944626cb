package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import org.jspecify.annotations.Nullable;

/** From a hash to an endpoint. Immutable; shared by all loops. */
interface HashTable {
    /**
     * The endpoint of a hash, or null when there is none.
     *
     * @param attempt 0, then one more for each endpoint that was rejected
     */
    @Nullable
    Endpoint pick(long hash, int attempt);
}
