package dev.mishap.proxy.cluster.health;

/** Why a check failed; the names are those of {@code envoy.data.core.v3.HealthCheckFailureType}. */
enum Failure {
    ACTIVE,
    PASSIVE,
    NETWORK,
    NETWORK_TIMEOUT;

    boolean network() {
        return this == NETWORK || this == NETWORK_TIMEOUT;
    }
}
