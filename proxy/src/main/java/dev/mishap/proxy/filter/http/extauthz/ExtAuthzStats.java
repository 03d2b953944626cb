package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The stats {@code http.<stat_prefix>.ext_authz.*}, and {@code cluster.<name>.ext_authz.*} of the clusters that requests are for. */
final class ExtAuthzStats {
    final Counter disabled;
    final Counter ignoredMetadata;
    private final Counter ok;
    private final Counter denied;
    private final Counter error;
    private final Counter failureModeAllowed;
    private final Counter tooLarge;
    private final Function<String, @Nullable Cluster> clusters;
    private final String clusterPrefix;
    private final boolean chargeCluster;
    /** Those of clusters are made when they first count. */
    private final ConcurrentMap<String, OfCluster> ofClusters = new ConcurrentHashMap<>();

    private record OfCluster(Scope owner, Counter counter) {}

    ExtAuthzStats(Scope connectionManager, Function<String, @Nullable Cluster> clusters, ExtAuthzConfig config) {
        Scope scope = connectionManager.scope(
                "ext_authz." + (config.statPrefix().isEmpty() ? "" : config.statPrefix() + "."));
        disabled = scope.counter("disabled");
        ignoredMetadata = scope.counter("ignored_dynamic_metadata");
        ok = scope.counter("ok");
        denied = scope.counter("denied");
        error = scope.counter("error");
        failureModeAllowed = scope.counter("failure_mode_allowed");
        tooLarge = connectionManager.counter("downstream_rq_too_large");
        for (String name : new String[] {
            "filter_state_name_collision",
            "invalid",
            "omitted_response_headers",
            "request_header_limits_reached",
            "response_header_limits_reached",
            "shadow_denied",
            "shadow_error"
        }) {
            scope.counter(name); // of what this filter does not do
        }
        this.clusters = clusters;
        this.clusterPrefix = "ext_authz." + (config.statPrefix().isEmpty() ? "" : config.statPrefix() + ".");
        this.chargeCluster = config.chargeCluster();
    }

    void ok(HttpStream stream) {
        ok.inc();
        countOfCluster(stream, "ok");
    }

    void denied(HttpStream stream, int status) {
        denied.inc();
        countOfCluster(stream, "denied");
        Cluster cluster = chargeCluster ? cluster(stream) : null;
        if (cluster != null) {
            cluster.stats().all.count(status);
            cluster.stats().internal.count(status);
        }
    }

    void error(HttpStream stream, boolean allowed) {
        error.inc();
        countOfCluster(stream, "error");
        if (allowed) {
            failureModeAllowed.inc();
            countOfCluster(stream, "failure_mode_allowed");
        }
    }

    void tooLarge() {
        tooLarge.inc();
    }

    private @Nullable Cluster cluster(HttpStream stream) {
        SelectedRoute route = stream.route();
        String name = route == null ? null : route.clusterName();
        return name == null ? null : clusters.apply(name);
    }

    private void countOfCluster(HttpStream stream, String name) {
        Cluster cluster = cluster(stream);
        if (cluster != null) {
            Scope owner = cluster.stats().scope;
            String full = cluster.name() + "." + name;
            OfCluster counted = ofClusters.get(full);
            if (counted == null || counted.owner() != owner) {
                // The stats go with their cluster: one that replaced it has others.
                counted = new OfCluster(owner, owner.counter(clusterPrefix + name));
                ofClusters.put(full, counted);
            }
            counted.counter().inc();
        }
    }
}
