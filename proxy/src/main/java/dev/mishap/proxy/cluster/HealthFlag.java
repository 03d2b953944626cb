package dev.mishap.proxy.cluster;

/** Why an endpoint is not, or not wholly, healthy: a set of bits, each set and cleared by the one party that it belongs to. */
public enum HealthFlag {
    /** Active health checks fail. */
    FAILED_ACTIVE_HC,
    /** Ejected by outlier detection. */
    FAILED_OUTLIER_CHECK,
    /** {@code health_status: UNHEALTHY} or {@code TIMEOUT}. */
    FAILED_EDS_HEALTH,
    /** Active health checks say degraded. */
    DEGRADED_ACTIVE_HC,
    /** {@code health_status: DEGRADED}. */
    DEGRADED_EDS_HEALTH,
    /** No longer in the assignment; stays while active health checks pass. */
    PENDING_DYNAMIC_REMOVAL,
    /** Not checked yet. */
    PENDING_ACTIVE_HC,
    /** Answered {@code x-envoy-immediate-health-check-fail}: left out of the numbers that panic is judged by. */
    EXCLUDED_VIA_IMMEDIATE_HC_FAIL,
    /** The last active health check timed out. */
    ACTIVE_HC_TIMEOUT,
    /** {@code health_status: DRAINING}; left out of those numbers, too. */
    EDS_STATUS_DRAINING,
    /** Outlier detection says degraded. */
    DEGRADED_OUTLIER_DETECTION;

    private static final HealthFlag[] ALL = values();

    static final int UNHEALTHY =
            FAILED_ACTIVE_HC.bit() | FAILED_OUTLIER_CHECK.bit() | FAILED_EDS_HEALTH.bit() | EDS_STATUS_DRAINING.bit();
    static final int DEGRADED = DEGRADED_ACTIVE_HC.bit() | DEGRADED_EDS_HEALTH.bit() | DEGRADED_OUTLIER_DETECTION.bit();
    static final int EXCLUDED =
            PENDING_ACTIVE_HC.bit() | EXCLUDED_VIA_IMMEDIATE_HC_FAIL.bit() | EDS_STATUS_DRAINING.bit();
    static final int FROM_ASSIGNMENT = FAILED_EDS_HEALTH.bit() | DEGRADED_EDS_HEALTH.bit() | EDS_STATUS_DRAINING.bit();

    int bit() {
        return 1 << ordinal();
    }

    /** As /clusters shows a set: {@code /failed_active_hc/failed_eds_health}, or {@code healthy} for the empty one. */
    static String text(int flags) {
        if (flags == 0) {
            return "healthy";
        }
        StringBuilder out = new StringBuilder();
        for (HealthFlag f : ALL) {
            if ((flags & f.bit()) != 0) {
                out.append('/').append(f.name().toLowerCase(java.util.Locale.ROOT));
            }
        }
        return out.toString();
    }
}
