package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** The router's stats of one connection manager, {@code http.<stat_prefix>.*}. */
final class RouterStats {
    final Counter noCluster;
    final Counter noRoute;
    final Counter directResponse;
    final Counter total;
    final Counter resetAfterResponseStarted;

    private final Scope scope;

    RouterStats(Scope scope) {
        this.scope = scope;
        noCluster = scope.counter("no_cluster");
        noRoute = scope.counter("no_route");
        directResponse = scope.counter("rq_direct_response");
        total = scope.counter("rq_total");
        resetAfterResponseStarted = scope.counter("rq_reset_after_downstream_response_started");
        // Envoy counts redirects as direct responses and leaves this one at 0.
        scope.counter("rq_redirect");
        scope.counter("rq_overload_local_reply"); // there is no overload manager
        for (String cause :
                new String[] {"bad_location", "no_route", "predicate", "too_many_redirects", "unsafe_scheme"}) {
            scope.counter("passthrough_internal_redirect_" + cause);
        }
    }

    /** A redirect was passed on instead of being followed. */
    void redirectRefused(String cause) {
        scope.counter("passthrough_internal_redirect_" + cause).inc();
    }
}
