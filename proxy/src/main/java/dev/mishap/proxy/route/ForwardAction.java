package dev.mishap.proxy.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the router forwards a request, as {@code envoy.config.route.v3.RouteAction}. Times are nanoseconds.
 *
 * @param timeoutNanos until the response is complete, from the end of the request; 0 = none; default 15 s, none for a route with a {@code max_stream_duration}
 * @param idleTimeoutNanos between two bytes either way; 0 = none, -1 = the connection manager's
 * @param maxStreamDurationNanos of the whole stream; 0 = none, -1 = the connection manager's
 * @param grpcTimeoutHeaderMaxNanos when &ge; 0, {@code grpc-timeout} of a request replaces the stream's longest life, up to this; 0 = no limit; -1 = the header has no effect
 * @param grpcTimeoutHeaderOffsetNanos taken off a {@code grpc-timeout} when it stays positive
 * @param bufferLimit bytes of a body that are kept for another try, if the listener keeps as many ({@code per_request_buffer_limit_bytes} of the route, else of its virtual host); default no limit of its own
 * @param hedgeOnPerTryTimeout whether a try that takes too long goes on beside the next one ({@code hedge_policy} of the route, else of its virtual host)
 * @param grpcTimeout the older form of the same, which is the time-out of gRPC calls; null = none
 * @param retry of the route, else of its virtual host, else null
 * @param mirrors of the route, else of the virtual host, else of the table
 * @param autoHostRewrite whether the host becomes the picked endpoint's host name ({@link RouteEntry#rewriteHost})
 * @param appendXForwardedHost whether a host rewrite appends the old host to {@code x-forwarded-host}
 * @param clusterNotFoundStatus answer when the cluster does not exist: 503, 404 or 500
 * @param highPriority whether the HIGH circuit breakers count
 * @param includeAttemptCount whether {@code x-envoy-attempt-count} goes upstream
 * @param includeAttemptCountInResponse whether it goes downstream
 * @param includeIsTimeoutRetry whether {@code x-envoy-is-timeout-retry} tells the upstream of another try why there is one
 * @param upgrades which upgrades are allowed
 * @param hashPolicy what of a request its hash is made of
 * @param internalRedirects which redirects of upstreams are followed here, or null for none
 */
public record ForwardAction(
        long timeoutNanos,
        long idleTimeoutNanos,
        long maxStreamDurationNanos,
        long grpcTimeoutHeaderMaxNanos,
        long grpcTimeoutHeaderOffsetNanos,
        long bufferLimit,
        boolean hedgeOnPerTryTimeout,
        @Nullable GrpcRouteTimeout grpcTimeout,
        @Nullable RetryPolicy retry,
        List<MirrorPolicy> mirrors,
        boolean autoHostRewrite,
        boolean appendXForwardedHost,
        int clusterNotFoundStatus,
        boolean highPriority,
        boolean includeAttemptCount,
        boolean includeAttemptCountInResponse,
        boolean includeIsTimeoutRetry,
        UpgradePolicy upgrades,
        HashPolicy hashPolicy,
        @Nullable InternalRedirectPolicy internalRedirects)
        implements RouteAction {}
