package dev.mishap.rules.fault;

import java.time.Duration;

/**
 * A time with some chance in it: uniformly {@code fixed ± jitter}.
 *
 * @param fixed more than 0 and at most 24 h
 * @param jitter from 0 to {@code fixed}
 */
public record Pace(Duration fixed, Duration jitter) {
    public Pace {
        requireTime("fixed", fixed);
        if (jitter.isNegative() || jitter.compareTo(fixed) > 0) {
            throw new IllegalArgumentException("jitter must be from 0s to fixed");
        }
    }

    public static Pace of(Duration fixed) {
        return new Pace(fixed, Duration.ZERO);
    }

    /** The time that a draw gives, in nanoseconds; {@code draw} is any long. */
    public long nanos(long draw) {
        long spread = jitter.toNanos();
        if (spread == 0) {
            return fixed.toNanos();
        }
        return fixed.toNanos() - spread + Long.remainderUnsigned(draw, 2 * spread + 1);
    }

    static void requireTime(String field, Duration time) {
        if (time.isNegative() || time.isZero() || time.compareTo(Delay.MAX) > 0) {
            throw new IllegalArgumentException(field + " must be more than 0s and at most 24h");
        }
    }
}
