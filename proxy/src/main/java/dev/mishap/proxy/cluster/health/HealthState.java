package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HealthFlag;

/** What the results of checks make of one endpoint's health. Confined to the main loop. */
final class HealthState {
    private final Endpoint endpoint;
    private final HealthCheckConfig config;
    private final HealthStats stats;
    private final HealthLog log;
    private boolean first = true;
    private long healthyInRow;
    private long unhealthyInRow;

    /**
     * Makes the endpoint unhealthy until its first check.
     *
     * @param excluded whether it is left out till then of the numbers that load and panic are judged by
     */
    HealthState(Endpoint endpoint, HealthCheckConfig config, HealthStats stats, HealthLog log, boolean excluded) {
        this.endpoint = endpoint;
        this.config = config;
        this.stats = stats;
        this.log = log;
        endpoint.set(HealthFlag.FAILED_ACTIVE_HC, true);
        endpoint.set(HealthFlag.PENDING_ACTIVE_HC, excluded);
    }

    boolean checked() {
        return !first;
    }

    Transition passed(boolean degraded) {
        unhealthyInRow = 0;
        Transition change = Transition.NONE;
        if (endpoint.has(HealthFlag.FAILED_ACTIVE_HC)) {
            // The first answer counts at once: a start-up should not wait for more.
            if (first || ++healthyInRow == config.healthyThreshold()) {
                endpoint.set(HealthFlag.ACTIVE_HC_TIMEOUT, false);
                endpoint.set(HealthFlag.EXCLUDED_VIA_IMMEDIATE_HC_FAIL, false);
                endpoint.set(HealthFlag.FAILED_ACTIVE_HC, false);
                stats.healthy.inc();
                change = Transition.CHANGED;
                log.healthy(endpoint, first);
            } else {
                change = Transition.PENDING;
            }
        }
        change = notPending(change);
        if (degraded != endpoint.has(HealthFlag.DEGRADED_ACTIVE_HC)) {
            endpoint.set(HealthFlag.DEGRADED_ACTIVE_HC, degraded);
            if (degraded) {
                stats.degraded.inc(); // Envoy counts down only when the endpoint goes
            }
            log.degraded(endpoint, degraded);
            if (change == Transition.NONE) {
                change = Transition.CHANGED;
            }
        }
        if (config.alwaysLogSuccesses()) {
            log.succeeded(endpoint);
        }
        stats.success.inc();
        first = false;
        return change;
    }

    /**
     * A check failed.
     *
     * @param retriable whether it takes several of those to count
     * @param status of the response, 0 = none
     */
    Transition failed(Failure why, boolean retriable, int status) {
        healthyInRow = 0;
        Transition change = Transition.NONE;
        if (!endpoint.has(HealthFlag.FAILED_ACTIVE_HC)) {
            if (!why.network() && !retriable || ++unhealthyInRow == config.unhealthyThreshold()) {
                endpoint.set(HealthFlag.FAILED_ACTIVE_HC, true);
                stats.healthy.dec();
                change = Transition.CHANGED;
                unhealthyInRow = 0;
                log.unhealthy(endpoint, why, status);
            } else {
                change = Transition.PENDING;
            }
        }
        if (endpoint.has(HealthFlag.FAILED_ACTIVE_HC)) {
            endpoint.set(HealthFlag.ACTIVE_HC_TIMEOUT, why == Failure.NETWORK_TIMEOUT);
        }
        change = notPending(change);
        if (first || config.alwaysLogFailures()) {
            log.failed(endpoint, why, first, status);
        }
        stats.failure.inc();
        if (why.network()) {
            stats.networkFailure.inc();
        } else if (why == Failure.PASSIVE) {
            stats.passiveFailure.inc();
        }
        first = false;
        return change;
    }

    /** Even if the health is the same: the endpoint counts from now on. */
    private Transition notPending(Transition change) {
        return endpoint.set(HealthFlag.PENDING_ACTIVE_HC, false) ? Transition.CHANGED : change;
    }

    /** The endpoint has left. */
    void gone() {
        if (!endpoint.has(HealthFlag.FAILED_ACTIVE_HC)) {
            stats.healthy.dec();
        }
        if (endpoint.has(HealthFlag.DEGRADED_ACTIVE_HC)) {
            stats.degraded.dec();
        }
    }
}
