package dev.mishap.proxy.cluster;

/** What others see of the outlier detection of one cluster. Rates are percents; -1 = unknown. Read on any thread. */
public interface OutlierView {
    /** Mean success rate of the endpoints in the last interval. */
    double average();

    /** Success rate below which an endpoint is ejected. */
    double threshold();

    double localOriginAverage();

    double localOriginThreshold();

    /** An active health check of {@code endpoint} passed. Main loop only. */
    void healthCheckPassed(Endpoint endpoint);
}
