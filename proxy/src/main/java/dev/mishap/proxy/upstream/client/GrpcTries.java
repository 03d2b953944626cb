package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.upstream.ResetReason;
import org.jspecify.annotations.Nullable;

/** How often one gRPC call was tried, and whether it is tried once more. Confined to its loop. */
final class GrpcTries {
    private final GrpcRetries policy;
    private final Cluster cluster;
    private final long deadlineNanos;
    private int tries = 1;
    private boolean again;
    private boolean holdsRetry;

    /** @param deadlineNanos by {@link System#nanoTime}; 0 = none */
    GrpcTries(GrpcRetries policy, Cluster cluster, long deadlineNanos) {
        this.policy = policy;
        this.cluster = cluster;
        this.deadlineNanos = deadlineNanos;
    }

    /** Whether the try that is under way, or has just ended, is followed by another. */
    boolean again() {
        return again;
    }

    /** What is left of the call's time; 0 = it has no end. */
    long leftNanos() {
        return deadlineNanos == 0 ? 0 : Math.max(1, deadlineNanos - System.nanoTime());
    }

    /** Decides after the headers of a response, or after a try without one. */
    boolean decide(
            int status, @Nullable HeaderMap headers, @Nullable AsyncFailure failure, @Nullable ResetReason reason) {
        if (again) {
            return true;
        }
        end();
        if (failure == AsyncFailure.NO_HEALTHY_UPSTREAM
                || reason != null && reason.flag() == ResponseFlag.UPSTREAM_OVERFLOW
                || deadlineNanos != 0 && System.nanoTime() - deadlineNanos >= 0) {
            return false;
        }
        ClusterStats stats = cluster.stats();
        boolean wanted = headers == null
                ? failure != null && policy.afterFailure(failure, reason)
                : policy.afterHeaders(status, headers);
        if (!wanted) {
            if (tries > 1) {
                stats.rqRetrySuccess.inc();
            }
            return false;
        }
        if (tries > policy.count()) {
            stats.rqRetryLimitExceeded.inc();
            return false;
        }
        ResourceLimits limits = cluster.limits(RequestPriority.DEFAULT);
        if (!limits.canRetry()) {
            stats.rqRetryOverflow.inc();
            return false;
        }
        limits.retryStarted();
        holdsRetry = true;
        again = true;
        return true;
    }

    /** How long to wait before the next try; {@code random} is any long. */
    long delayNanos(long random) {
        long window = Math.min(policy.maxNanos(), policy.baseNanos() << Math.min(tries - 1, 16));
        long delay = Long.remainderUnsigned(random, Math.max(1, window));
        return deadlineNanos == 0 ? delay : Math.min(delay, Math.max(0, deadlineNanos - System.nanoTime()));
    }

    /** The next try begins. */
    void begin() {
        again = false;
        tries++;
        cluster.stats().rqRetry.inc();
        cluster.stats().rqRetryBackoffExponential.inc();
    }

    /** A retry has come to its end. */
    void end() {
        if (holdsRetry) {
            holdsRetry = false;
            cluster.limits(RequestPriority.DEFAULT).retryEnded();
        }
    }
}
