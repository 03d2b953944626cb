package dev.mishap.proxy.filter.http.ratelimit;

import dev.mishap.proxy.cluster.Cluster;

/** The stats {@code cluster.<name>.ratelimit.*} of the clusters that requests are for, made when they first count. They go with their cluster. */
final class RateLimitStats {
    private final String ok;
    private final String overLimit;
    private final String error;
    private final String failureModeAllowed;

    RateLimitStats(String statPrefix) {
        String prefix = "ratelimit." + (statPrefix.isEmpty() ? "" : statPrefix + ".");
        ok = prefix + "ok";
        overLimit = prefix + "over_limit";
        error = prefix + "error";
        failureModeAllowed = prefix + "failure_mode_allowed";
    }

    void ok(Cluster cluster) {
        cluster.stats().ofFilter(ok).inc();
    }

    void overLimit(Cluster cluster, int status) {
        cluster.stats().ofFilter(overLimit).inc();
        cluster.stats().all.count(status);
        cluster.stats().internal.count(status);
    }

    void error(Cluster cluster, boolean allowed) {
        cluster.stats().ofFilter(error).inc();
        if (allowed) {
            cluster.stats().ofFilter(failureModeAllowed).inc();
        }
    }
}
