package dev.mishap.rules.schedule;

import java.time.Duration;

/**
 * Lets the percentage grow in a straight line from 0 to its full value.
 *
 * @param over from the moment the rule is installed, or from {@code schedule.start} when that is later; more than 0, at most 24 h
 */
public record Ramp(Duration over) {
    public Ramp {
        if (over.isNegative() || over.isZero() || over.compareTo(Duration.ofHours(24)) > 0) {
            throw new IllegalArgumentException("over must be more than 0s and at most 24h");
        }
    }
}
