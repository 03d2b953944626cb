package dev.mishap.proxy.transport;

import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Lengthens times by chance, so that what began together does not end together. */
public final class Jitter {
    private Jitter() {}

    /** The value of a {@code Percent}, 0 when there is none. */
    public static double percent(@Nullable ConfigNode percent) {
        return percent == null ? 0 : percent.number("value", 0);
    }

    /** {@code nanos} and up to {@code percent} of it more. */
    public static long lengthen(long nanos, double percent) {
        return percent <= 0 || nanos <= 0
                ? nanos
                : nanos
                        + (long) (nanos
                                * percent
                                / 100
                                * ThreadLocalRandom.current().nextDouble());
    }
}
