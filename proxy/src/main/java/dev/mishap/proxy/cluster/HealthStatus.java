package dev.mishap.proxy.cluster;

/** {@code envoy.config.core.v3.HealthStatus}: what an assignment says of an endpoint. */
public enum HealthStatus {
    UNKNOWN(0),
    HEALTHY(0),
    UNHEALTHY(HealthFlag.FAILED_EDS_HEALTH.bit()),
    DRAINING(HealthFlag.EDS_STATUS_DRAINING.bit()),
    TIMEOUT(HealthFlag.FAILED_EDS_HEALTH.bit()),
    DEGRADED(HealthFlag.DEGRADED_EDS_HEALTH.bit());

    final int flags;

    HealthStatus(int flags) {
        this.flags = flags;
    }
}
