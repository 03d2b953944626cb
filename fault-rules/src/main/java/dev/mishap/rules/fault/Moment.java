package dev.mishap.rules.fault;

import java.time.Duration;

/**
 * When something happens to a connection: at once, when so many bytes have passed (both directions together), or when it is so old.
 *
 * @param bytes 1 or more, or 0 = not by bytes
 * @param after more than 0 and at most 24 h, or 0 = not by age
 */
public record Moment(long bytes, Duration after) {
    public static final Moment AT_ONCE = new Moment(0, Duration.ZERO);

    public Moment {
        if (bytes < 0) {
            throw new IllegalArgumentException("afterBytes must be 1 or more, got " + bytes);
        }
        if (!after.isZero()) {
            Pace.requireTime("after", after);
        }
        if (bytes > 0 && !after.isZero()) {
            throw new IllegalArgumentException("only one of afterBytes and after can be set");
        }
    }

    public static Moment afterBytes(long bytes) {
        return new Moment(bytes, Duration.ZERO);
    }

    public static Moment after(Duration age) {
        return new Moment(0, age);
    }

    public boolean isAtOnce() {
        return bytes == 0 && after.isZero();
    }
}
