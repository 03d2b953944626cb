package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.match.RuntimeFraction;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A copy of each request to another cluster whose answer nobody waits for.
 *
 * @param cluster the cluster's name, {@code ""} when {@code clusterHeader} tells it
 * @param clusterHeader request header with the cluster's name, or null
 * @param fraction the share of the requests that are copied, or null for all
 * @param appendShadowSuffix whether the copy's host gets {@code -shadow}
 * @param host the copy's host, or null for the request's
 * @param mutations what is changed in the copy's headers, in their order
 */
public record MirrorPolicy(
        String cluster,
        @Nullable HeaderName clusterHeader,
        @Nullable RuntimeFraction fraction,
        boolean appendShadowSuffix,
        @Nullable String host,
        List<HeaderMutations> mutations) {}
