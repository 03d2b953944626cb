package dev.mishap.proxy.cluster.outlier;

/** Why an endpoint is ejected; the names are those of {@code envoy.data.cluster.v3.OutlierEjectionType}. */
enum Ejection {
    CONSECUTIVE_5XX("consecutive_5xx"),
    CONSECUTIVE_GATEWAY_FAILURE("consecutive_gateway_failure"),
    SUCCESS_RATE("success_rate"),
    CONSECUTIVE_LOCAL_ORIGIN_FAILURE("consecutive_local_origin_failure"),
    SUCCESS_RATE_LOCAL_ORIGIN("local_origin_success_rate"),
    FAILURE_PERCENTAGE("failure_percentage"),
    FAILURE_PERCENTAGE_LOCAL_ORIGIN("local_origin_failure_percentage");

    /** In the names of stats. */
    final String stat;

    Ejection(String stat) {
        this.stat = stat;
    }

    /** The key and setting that tell how often it is done when it is found. */
    String enforcingKey() {
        return "outlier_detection.enforcing_" + stat;
    }

    boolean consecutive() {
        return this == CONSECUTIVE_5XX
                || this == CONSECUTIVE_GATEWAY_FAILURE
                || this == CONSECUTIVE_LOCAL_ORIGIN_FAILURE;
    }

    boolean bySuccessRate() {
        return this == SUCCESS_RATE || this == SUCCESS_RATE_LOCAL_ORIGIN;
    }
}
