package dev.mishap.proxy.cluster;

import dev.mishap.proxy.http.HeaderMap;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a load balancer may ask about the request that it picks an endpoint for. Whatever a party does not know it leaves at
 * its default. Asked on the request's loop, during {@link LoadBalancer#pick} only.
 */
public interface PickContext {
    /** Knows nothing. */
    PickContext NONE = new PickContext() {};

    /** Whether the request has a hash; without one, hashing load balancers pick by chance. */
    default boolean hasHash() {
        return false;
    }

    /** The hash of the request by its route's {@code hash_policy}; asked after {@link #hasHash} said true. */
    default long hash() {
        return 0;
    }

    /** What the endpoint's metadata must be, for the subset load balancer: {@code metadata_match} of route and request; or null. */
    default @Nullable MetadataMatch metadataMatch() {
        return null;
    }

    /** Where the downstream connection was going before it was redirected to us, or null. */
    default @Nullable InetSocketAddress originalDestination() {
        return null;
    }

    /** The request's headers, or null when there are none. */
    default @Nullable HeaderMap requestHeaders() {
        return null;
    }

    /** The dynamic metadata of the downstream connection in {@code namespace}, or null. */
    default @Nullable Map<String, Object> connectionMetadata(String namespace) {
        return null;
    }

    /** The dynamic metadata of the request in {@code namespace}, or null. */
    default @Nullable Map<String, Object> requestMetadata(String namespace) {
        return null;
    }

    /** Load of the priorities {@code levels}: {@code base}, or another one that a retry wants ({@code retry_priority}). */
    default PriorityLoad priorityLoad(List<HostSet> levels, PriorityLoad base) {
        return base;
    }

    /** Whether another endpoint shall be picked instead, if there are attempts left ({@code retry_host_predicate}). */
    default boolean rejects(Endpoint picked) {
        return false;
    }

    /** How often a rejected pick is tried again ({@code host_selection_retry_max_attempts}). */
    default int retries() {
        return 0;
    }

    /** How often an endpoint was picked for the request before. */
    default int earlierTries() {
        return 0;
    }

    /** The address of the endpoint that the request is to go to if it can, as it is written in logs; or null. */
    default @Nullable String overrideHost() {
        return null;
    }

    /** Whether no other endpoint will do in the place of {@link #overrideHost}. */
    default boolean overrideIsStrict() {
        return false;
    }
}
