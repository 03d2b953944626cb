package dev.mishap.rules.experiment.engine;

import dev.mishap.rules.experiment.Slo;
import java.util.OptionalDouble;

/**
 * What a condition looks at, of the requests of a service. Rates are 0..1, latencies nanoseconds.
 *
 * @param kind what is measured
 * @param quantile of the latency, 0..1; 0 for rates
 */
public record Measure(Slo.Kind kind, double quantile) {
    public static final Measure SUCCESS_RATE = new Measure(Slo.Kind.SUCCESS_RATE, 0);
    public static final Measure ERROR_RATE = new Measure(Slo.Kind.ERROR_RATE, 0);
    public static final Measure P95_LATENCY = latency(0.95);

    public static Measure latency(double quantile) {
        return new Measure(Slo.Kind.LATENCY, quantile);
    }

    public boolean isLatency() {
        return kind == Slo.Kind.LATENCY;
    }

    /** The value over these requests; empty without requests. */
    public OptionalDouble of(RequestCounts counts) {
        switch (kind) {
            case SUCCESS_RATE:
                return counts.successRate();
            case ERROR_RATE:
                return counts.requests() <= 0
                        ? OptionalDouble.empty()
                        : OptionalDouble.of((double) counts.failures() / counts.requests());
            case LATENCY:
                OptionalDouble micros = counts.latency().quantileMicros(quantile);
                return micros.isEmpty() ? micros : OptionalDouble.of(micros.getAsDouble() * 1000);
        }
        throw new AssertionError(kind);
    }
}
