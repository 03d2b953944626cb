package dev.mishap.rules.experiment.engine;

import java.util.OptionalDouble;

/** What a condition looks at, of the requests of a service. Rates are 0..1, latencies milliseconds. */
public enum Measure {
    SUCCESS_RATE(0),
    ERROR_RATE(0),
    P50_LATENCY_MS(0.50),
    P95_LATENCY_MS(0.95),
    P99_LATENCY_MS(0.99);

    private final double quantile;

    Measure(double quantile) {
        this.quantile = quantile;
    }

    boolean isLatency() {
        return quantile > 0;
    }

    double quantile() {
        return quantile;
    }

    /** The value over these requests; empty without requests. */
    public OptionalDouble of(RequestCounts counts) {
        if (isLatency()) {
            OptionalDouble micros = counts.latency().quantileMicros(quantile);
            return micros.isEmpty() ? micros : OptionalDouble.of(micros.getAsDouble() / 1000);
        }
        OptionalDouble success = counts.successRate();
        if (this == SUCCESS_RATE || success.isEmpty()) {
            return success;
        }
        return OptionalDouble.of((double) counts.failures() / counts.requests());
    }
}
