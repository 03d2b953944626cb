package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.cluster.PriorityLoad;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.cluster.lb.PreviousPriorities;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.RetryPolicy;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.RetryOn;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides whether one request is tried again, when, and on which endpoints it is not. */
final class RetryState {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000_000_000L;

    /** What came of asking. */
    enum Verdict {
        NO,
        YES,
        LIMIT_EXCEEDED,
        OVERFLOW
    }

    private final Set<RetryOn> on;
    private final @Nullable RetryPolicy policy;
    private final Set<Integer> codes;
    private final List<HeaderName> names;
    private final RequestStats stats;
    private final ResourceLimits limits;
    private final RuntimeSnapshot runtime;
    private final long baseNanos;
    private final long maxNanos;
    private long left;
    private boolean retried;
    private boolean holding;
    private int backoffs;
    private long delayNanos;
    /** The endpoints that were asked, where the policy avoids them. */
    private @Nullable List<Endpoint> attempted;
    /** The priorities that were asked, where the policy goes to others. */
    private final @Nullable PreviousPriorities priorities;

    private RetryState(
            Set<RetryOn> on,
            @Nullable RetryPolicy policy,
            Set<Integer> codes,
            List<HeaderName> names,
            long left,
            RequestStats stats,
            ResourceLimits limits,
            RuntimeSnapshot runtime) {
        this.on = on;
        this.policy = policy;
        this.codes = codes;
        this.names = names;
        this.left = left;
        this.stats = stats;
        this.limits = limits;
        this.runtime = runtime;
        int frequency = policy == null ? 0 : policy.priorityUpdateFrequency();
        this.priorities = frequency == 0 ? null : new PreviousPriorities(frequency);
        long base = runtime.integer("upstream.base_retry_backoff_ms", 25) * MILLI;
        this.baseNanos = policy == null ? base : policy.baseIntervalNanos();
        this.maxNanos = policy == null ? base * 10 : policy.maxIntervalNanos();
    }

    /** The state of a request, or null when nothing would ever make it be tried again. Takes the headers out that ask for it. */
    static @Nullable RetryState of(
            @Nullable RetryPolicy policy,
            HeaderMap request,
            RequestStats stats,
            ResourceLimits limits,
            RuntimeSnapshot runtime) {
        String asked = request.get(RouterHeaders.RETRY_ON);
        String askedGrpc = request.get(RouterHeaders.RETRY_GRPC_ON);
        Set<RetryOn> on = policy == null ? Set.of() : policy.on();
        Set<Integer> codes = policy == null ? Set.of() : policy.retriableStatusCodes();
        List<HeaderName> names = List.of();
        long left = policy == null ? 1 : policy.numRetries();
        if (asked != null || askedGrpc != null) {
            EnumSet<RetryOn> more = EnumSet.noneOf(RetryOn.class);
            more.addAll(on);
            more.addAll(RetryOn.parse((asked == null ? "" : asked) + "," + (askedGrpc == null ? "" : askedGrpc)));
            on = more;
            request.remove(RouterHeaders.RETRY_ON);
            request.remove(RouterHeaders.RETRY_GRPC_ON);
        }
        long max = HeaderNumbers.of(request, RouterHeaders.MAX_RETRIES);
        if (max >= 0 && !on.isEmpty()) {
            left = max;
        }
        String extraCodes = request.get(RouterHeaders.RETRIABLE_CODES);
        if (extraCodes != null) {
            codes = new HashSet<>(codes);
            for (String code : extraCodes.split(",", -1)) {
                long n = HeaderNumbers.parse(code.strip());
                if (n > 0 && n < 600) {
                    codes.add((int) n);
                }
            }
        }
        String extraNames = request.get(RouterHeaders.RETRIABLE_NAMES);
        if (extraNames != null) {
            names = new ArrayList<>();
            for (String name : extraNames.split(",", -1)) {
                names.add(HeaderName.unshared(name.strip()));
            }
        }
        request.remove(RouterHeaders.MAX_RETRIES);
        request.remove(RouterHeaders.RETRIABLE_CODES);
        request.remove(RouterHeaders.RETRIABLE_NAMES);
        request.remove(RouterHeaders.HEDGE);
        if (on.isEmpty() || policy != null && !policy.mayRetry(request)) {
            return null;
        }
        return new RetryState(on, policy, codes, names, left, stats, limits, runtime);
    }

    /** After the headers of a response. {@code random} is any long. */
    Verdict onHeaders(int status, HeaderMap response, long random, long epochMillis) {
        boolean want = wants(status, response);
        long wait = want ? resetWait(response, epochMillis) : -1;
        return decide(want, wait, random);
    }

    /** After a response that never came. */
    Verdict onReset(ResetReason reason, boolean requestStarted, long random) {
        boolean want = false;
        if (reason != ResetReason.OVERFLOW) {
            want = on.contains(RetryOn.RESET)
                    || on.contains(RetryOn.RESET_BEFORE_REQUEST) && !requestStarted
                    || on.contains(RetryOn.SERVER_ERROR)
                    || on.contains(RetryOn.GATEWAY_ERROR)
                    || on.contains(RetryOn.CONNECT_FAILURE) && reason.isConnectFailure();
        }
        return decide(want, -1, random);
    }

    /** After a try that takes too long and goes on beside the next one, whatever the conditions are. */
    Verdict onSlow(long random) {
        return decide(true, -1, random);
    }

    /** Whether the headers of a response are of those after which the request is tried again. */
    boolean wants(int status, HeaderMap response) {
        if (response.contains(RouterHeaders.RATE_LIMITED)) {
            return on.contains(RetryOn.ENVOY_RATE_LIMITED);
        }
        if (on.contains(RetryOn.SERVER_ERROR) && status >= 500
                || on.contains(RetryOn.GATEWAY_ERROR) && status >= 502 && status <= 504
                || on.contains(RetryOn.RETRIABLE_4XX) && status == 409
                || on.contains(RetryOn.RETRIABLE_STATUS_CODES) && codes.contains(status)) {
            return true;
        }
        if (on.contains(RetryOn.RETRIABLE_HEADERS) && hasRetriableHeader(response)) {
            return true;
        }
        RetryOn grpc = ofGrpcStatus(HeaderNumbers.of(response, HeaderName.GRPC_STATUS));
        return grpc != null && on.contains(grpc);
    }

    private boolean hasRetriableHeader(HeaderMap response) {
        if (policy != null) {
            for (int i = 0; i < policy.retriableHeaders().size(); i++) {
                if (policy.retriableHeaders().get(i).matches(response)) {
                    return true;
                }
            }
        }
        for (HeaderName name : names) {
            if (response.contains(name)) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable RetryOn ofGrpcStatus(long status) {
        return switch ((int) status) {
            case 1 -> RetryOn.GRPC_CANCELLED;
            case 4 -> RetryOn.GRPC_DEADLINE_EXCEEDED;
            case 8 -> RetryOn.GRPC_RESOURCE_EXHAUSTED;
            case 13 -> RetryOn.GRPC_INTERNAL;
            case 14 -> RetryOn.GRPC_UNAVAILABLE;
            default -> null;
        };
    }

    /** How long a header of the response asks us to wait, in nanoseconds; -1 when none does within the limit. */
    private long resetWait(HeaderMap response, long epochMillis) {
        if (policy == null) {
            return -1;
        }
        for (RetryPolicy.ResetHeader header : policy.resetHeaders()) {
            long value = HeaderNumbers.of(response, header.name());
            if (value < 0 || value > Long.MAX_VALUE / SECOND) {
                continue;
            }
            long wait = header.unixTimestamp() ? value * SECOND - epochMillis * MILLI : value * SECOND;
            if (wait > 0 && wait < policy.resetMaxIntervalNanos()) {
                return wait;
            }
        }
        return -1;
    }

    private Verdict decide(boolean want, long resetWait, long random) {
        if (retried && !want) {
            stats.retrySuccess();
        }
        release();
        if (!want) {
            return Verdict.NO;
        }
        if (left == 0) {
            stats.retryLimitExceeded();
            return Verdict.LIMIT_EXCEEDED;
        }
        left--;
        if (!limits.canRetry()) {
            stats.retryOverflow();
            return Verdict.OVERFLOW;
        }
        // upstream.use_retry: retries can be switched off, for a share of the requests, at run time.
        if (runtime.partsPerMillion("upstream.use_retry", 1_000_000) <= Long.remainderUnsigned(random, 1_000_000)) {
            return Verdict.NO;
        }
        limits.retryStarted();
        holding = true;
        retried = true;
        stats.retry(resetWait > 0);
        if (resetWait > 0) {
            // Up to half as much again, so that those who were told the same do not come back together.
            delayNanos = resetWait + Long.remainderUnsigned(random, resetWait / 2 + 1);
        } else {
            long bound = Math.min(maxNanos, baseNanos << Math.min(backoffs, 20));
            backoffs++;
            delayNanos = bound <= 0 ? 0 : Long.remainderUnsigned(random, bound);
        }
        return Verdict.YES;
    }

    /** How long to wait before the next try, after a {@link Verdict#YES}. */
    long delayNanos() {
        return delayNanos;
    }

    // ---- endpoints ----

    /** The request goes to an endpoint. */
    void attempted(Endpoint endpoint) {
        if (policy != null && policy.avoidPreviousHosts()) {
            List<Endpoint> before = attempted;
            if (before == null) {
                before = new ArrayList<>();
                attempted = before;
            }
            before.add(endpoint);
        }
        if (priorities != null) {
            priorities.tried(endpoint);
        }
    }

    /** Where the next try goes; {@code base} when that is as for any. */
    PriorityLoad priorityLoad(List<HostSet> levels, PriorityLoad base) {
        return priorities == null ? base : priorities.load(levels, base);
    }

    /** Whether the next try is to go to another endpoint than the one that was picked. */
    boolean rejects(Endpoint picked) {
        return policy != null
                && (attempted != null && attempted.contains(picked)
                        || policy.omits(
                                picked.canary(), picked.metadata().getOrDefault(MetadataMatch.NAMESPACE, Map.of())));
    }

    /** How often another endpoint is picked in place of one that is rejected. */
    int hostSelectionAttempts() {
        return policy == null || !policy.picksOthers() ? 0 : policy.hostSelectionAttempts();
    }

    /** The retry that was allowed has come to its end; it counts against the circuit breaker no more. */
    void release() {
        if (holding) {
            holding = false;
            limits.retryEnded();
        }
    }
}
