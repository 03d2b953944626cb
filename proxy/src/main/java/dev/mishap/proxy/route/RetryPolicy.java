package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.upstream.RetryOn;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * When and how a request is tried again, as {@code envoy.config.route.v3.RetryPolicy}. A route's own policy replaces that of
 * its virtual host.
 *
 * @param on the conditions
 * @param numRetries tries after the first; default 1
 * @param perTryTimeoutNanos limit of one try until its response is complete; 0 = the route's time-out only
 * @param perTryIdleTimeoutNanos limit between two bytes of one try; 0 = none
 * @param retriableStatusCodes for {@link RetryOn#RETRIABLE_STATUS_CODES}
 * @param retriableHeaders response headers, one of which must match, for {@link RetryOn#RETRIABLE_HEADERS}
 * @param retriableRequestHeaders when not empty, one must match the request, or it is never tried again
 * @param baseIntervalNanos first back-off, > 0; default 25 ms; a draw between 0 and base x (2^n - 1) precedes try n
 * @param maxIntervalNanos limit of the back-off; default 10 x base
 * @param resetHeaders response headers that say when to come back, in order; empty = no such back-off
 * @param resetMaxIntervalNanos longest wait that such a header may ask for, beyond which it is passed over; default 300 s
 * @param avoidPreviousHosts whether hosts already tried are picked again only when no other is found
 * @param omitCanaryHosts whether canaries are
 * @param omitHosts the same of hosts with such values in {@code envoy.lb} of their metadata
 * @param priorityUpdateFrequency {@code retry_priority}: after so many tries those go to priorities that were not tried; 0 = to any
 * @param hostSelectionAttempts more picks before one of those is taken after all, &ge; 1; default 1
 */
public record RetryPolicy(
        Set<RetryOn> on,
        int numRetries,
        long perTryTimeoutNanos,
        long perTryIdleTimeoutNanos,
        Set<Integer> retriableStatusCodes,
        List<HeaderMatcher> retriableHeaders,
        List<HeaderMatcher> retriableRequestHeaders,
        long baseIntervalNanos,
        long maxIntervalNanos,
        List<ResetHeader> resetHeaders,
        long resetMaxIntervalNanos,
        boolean avoidPreviousHosts,
        boolean omitCanaryHosts,
        List<Map<String, Object>> omitHosts,
        int priorityUpdateFrequency,
        int hostSelectionAttempts) {

    /**
     * A response header that says when to come back.
     *
     * @param name the header
     * @param unixTimestamp whether the value is seconds since the epoch, else seconds from now
     */
    public record ResetHeader(HeaderName name, boolean unixTimestamp) {}

    /** Whether the request's headers allow another try at all. */
    public boolean mayRetry(HeaderMap request) {
        return retriableRequestHeaders.isEmpty() || anyMatch(retriableRequestHeaders, request);
    }

    /** Whether another host shall be tried, beside those {@code avoidPreviousHosts} is about. */
    public boolean omits(boolean canary, Map<String, Object> lbMetadata) {
        if (canary && omitCanaryHosts) {
            return true;
        }
        for (int i = 0; i < omitHosts.size(); i++) {
            if (hasAll(lbMetadata, omitHosts.get(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasAll(Map<String, Object> metadata, Map<String, Object> wanted) {
        for (Map.Entry<String, Object> entry : wanted.entrySet()) {
            if (!entry.getValue().equals(metadata.get(entry.getKey()))) {
                return false;
            }
        }
        return true;
    }

    /** Whether some hosts are not to be tried again. */
    public boolean picksOthers() {
        return avoidPreviousHosts || omitCanaryHosts || !omitHosts.isEmpty();
    }

    static boolean anyMatch(List<HeaderMatcher> matchers, HeaderMap headers) {
        for (int i = 0; i < matchers.size(); i++) {
            if (matchers.get(i).matches(headers)) {
                return true;
            }
        }
        return false;
    }

    static @Nullable RetryPolicy mostSpecific(@Nullable RetryPolicy route, @Nullable RetryPolicy virtualHost) {
        return route != null ? route : virtualHost;
    }
}
