package dev.mishap.proxy.cluster.outlier;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointMonitor;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.concurrent.atomic.AtomicLong;

/** Counts for one endpoint, on any loop; when it was ejected is the main loop's. */
final class HostMonitor implements EndpointMonitor {
    final Endpoint endpoint;
    private final OutlierDetector detector;
    private final AtomicLong consecutive5xx = new AtomicLong();
    private final AtomicLong consecutiveGateway = new AtomicLong();
    private final AtomicLong consecutiveLocal = new AtomicLong();
    final SuccessRate external = new SuccessRate();
    final SuccessRate local = new SuccessRate();
    private volatile double shownRate = -1;
    private volatile double shownLocalRate = -1;

    // The main loop's.
    long ejections;
    long backoff;
    long jitterNanos;
    long ejectedNanos;
    /** Of the last change either way; 0 = there was none. */
    long lastActionNanos;

    HostMonitor(Endpoint endpoint, OutlierDetector detector) {
        this.endpoint = endpoint;
        this.detector = detector;
    }

    @Override
    public void response(int status) {
        boolean failed = status >= 500 && status < 600;
        external.count(!failed);
        if (!failed) {
            // Most answers are good ones; they write nothing that other loops read.
            reset(consecutive5xx);
            reset(consecutiveGateway);
            return;
        }
        RuntimeSnapshot runtime = detector.runtime();
        OutlierConfig config = detector.config();
        if (status >= 502 && status <= 504) {
            long limit = runtime.integer(
                    "outlier_detection.consecutive_gateway_failure", config.consecutiveGatewayFailure());
            if (consecutiveGateway.incrementAndGet() == limit) {
                detector.found(this, Ejection.CONSECUTIVE_GATEWAY_FAILURE);
            }
        } else {
            reset(consecutiveGateway);
        }
        if (consecutive5xx.incrementAndGet()
                == runtime.integer("outlier_detection.consecutive_5xx", config.consecutive5xx())) {
            detector.found(this, Ejection.CONSECUTIVE_5XX);
        }
    }

    private static void reset(AtomicLong count) {
        if (count.get() != 0) {
            count.set(0);
        }
    }

    @Override
    public void result(Result result, int status) {
        if (detector.config().split()) {
            split(result);
            return;
        }
        int asStatus = switch (result) {
            case CONNECTED -> 0; // the protocol above will tell
            case CONNECTED_FINAL, REQUEST_SUCCEEDED -> 200;
            case TIMEOUT -> status != 0 ? status : 504;
            case CONNECT_FAILED -> status != 0 ? status : 503;
            case REQUEST_FAILED -> 500;
        };
        if (asStatus != 0) {
            response(asStatus);
        }
    }

    private void split(Result result) {
        switch (result) {
            case CONNECTED, CONNECTED_FINAL -> {
                local.count(true);
                reset(consecutiveLocal);
            }
            case TIMEOUT, CONNECT_FAILED -> {
                local.count(false);
                long limit = detector.runtime()
                        .integer(
                                "outlier_detection.consecutive_local_origin_failure",
                                detector.config().consecutiveLocalOriginFailure());
                if (consecutiveLocal.incrementAndGet() == limit) {
                    detector.found(this, Ejection.CONSECUTIVE_LOCAL_ORIGIN_FAILURE);
                }
            }
            case REQUEST_FAILED -> response(500);
            case REQUEST_SUCCEEDED -> response(200);
        }
    }

    /** So that a row of failures is found again, with no success in between. */
    void resetConsecutive(Ejection of) {
        switch (of) {
            case CONSECUTIVE_5XX -> consecutive5xx.set(0);
            case CONSECUTIVE_GATEWAY_FAILURE -> consecutiveGateway.set(0);
            case CONSECUTIVE_LOCAL_ORIGIN_FAILURE -> consecutiveLocal.set(0);
            default -> {}
        }
    }

    void resetConsecutive() {
        consecutive5xx.set(0);
        consecutiveGateway.set(0);
        consecutiveLocal.set(0);
    }

    void show(boolean ofLocal, double rate) {
        if (ofLocal) {
            shownLocalRate = rate;
        } else {
            shownRate = rate;
        }
    }

    @Override
    public double successRate() {
        return shownRate;
    }

    @Override
    public double localOriginSuccessRate() {
        return shownLocalRate;
    }
}
