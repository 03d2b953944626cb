package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code cluster.<name>.health_check.*}. */
final class HealthStats {
    final Counter attempt;
    final Counter success;
    final Counter failure;
    final Counter passiveFailure;
    final Counter networkFailure;
    final Counter verifyCluster;
    final Gauge healthy;
    final Gauge degraded;

    HealthStats(Scope s) {
        attempt = s.counter("attempt");
        success = s.counter("success");
        failure = s.counter("failure");
        passiveFailure = s.counter("passive_failure");
        networkFailure = s.counter("network_failure");
        verifyCluster = s.counter("verify_cluster");
        healthy = s.gauge("healthy");
        degraded = s.gauge("degraded");
    }
}
