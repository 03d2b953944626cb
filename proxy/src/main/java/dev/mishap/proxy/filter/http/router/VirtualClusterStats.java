package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.ResponseCounters;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import org.jspecify.annotations.Nullable;

/** What is counted of the requests of one virtual cluster, {@code vhost.<virtual host>.vcluster.<name>.*}. */
final class VirtualClusterStats {
    final ResponseCounters responses;
    /** Null for the requests that no virtual cluster matches, {@code other}: only their responses are counted. */
    final @Nullable Named named;

    VirtualClusterStats(Scope scope, boolean isNamed) {
        responses = new ResponseCounters(scope);
        named = isNamed ? new Named(scope) : null;
    }

    /** Tries, retries and time-outs. */
    static final class Named {
        final Counter total;
        final Counter timeout;
        final Counter retry;
        final Counter retryLimitExceeded;
        final Counter retryOverflow;
        final Counter retrySuccess;

        Named(Scope scope) {
            total = scope.counter("upstream_rq_total");
            timeout = scope.counter("upstream_rq_timeout");
            retry = scope.counter("upstream_rq_retry");
            retryLimitExceeded = scope.counter("upstream_rq_retry_limit_exceeded");
            retryOverflow = scope.counter("upstream_rq_retry_overflow");
            retrySuccess = scope.counter("upstream_rq_retry_success");
        }
    }
}
