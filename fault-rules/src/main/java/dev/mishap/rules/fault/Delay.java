package dev.mishap.rules.fault;

import java.time.Duration;

/**
 * Holds the request back before it is sent upstream.
 *
 * @param fixed more than 0 and at most 24 h, to the nanosecond; never shortened
 */
public record Delay(Duration fixed) implements Fault {
    public static final Duration MAX = Duration.ofHours(24);

    public Delay {
        if (fixed.isNegative() || fixed.isZero() || fixed.compareTo(MAX) > 0) {
            throw new IllegalArgumentException("fixed must be more than 0s and at most 24h");
        }
    }

    @Override
    public Kind kind() {
        return Kind.DELAY;
    }
}
