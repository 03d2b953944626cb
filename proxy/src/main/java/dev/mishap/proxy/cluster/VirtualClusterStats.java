package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** Stats of a virtual cluster, {@code vhost.<virtual host>.vcluster.<name>.*}: a part of a virtual host's requests. */
public final class VirtualClusterStats {
    public final Counter rqRetry;
    public final Counter rqRetryLimitExceeded;
    public final Counter rqRetryOverflow;
    public final Counter rqRetrySuccess;
    public final Counter rqTimeout;
    /** Requests sent upstream; a retry is one more. */
    public final Counter rqTotal;

    public final ResponseCounters responses;

    public VirtualClusterStats(Scope scope) {
        rqRetry = scope.counter("upstream_rq_retry");
        rqRetryLimitExceeded = scope.counter("upstream_rq_retry_limit_exceeded");
        rqRetryOverflow = scope.counter("upstream_rq_retry_overflow");
        rqRetrySuccess = scope.counter("upstream_rq_retry_success");
        rqTimeout = scope.counter("upstream_rq_timeout");
        rqTotal = scope.counter("upstream_rq_total");
        responses = new ResponseCounters(scope);
    }
}
