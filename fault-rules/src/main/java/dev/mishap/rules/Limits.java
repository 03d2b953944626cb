package dev.mishap.rules;

import org.jspecify.annotations.Nullable;

/**
 * What a rule may do at most, whatever its percentage. Checked after the draw; what they hold back is counted as suppressed.
 *
 * @param maxTrafficPercent the rule touches a request only while (touched + 1) ≤ ceil(this × requests in scope), both of the
 *     last 10 s of this proxy, over all its workers; null = no cap
 * @param maxConcurrent requests under this fault at one time; 0 = no limit
 * @param maxPerSecond requests touched in any one second; 0 = no limit
 */
public record Limits(@Nullable Percentage maxTrafficPercent, int maxConcurrent, int maxPerSecond) {
    public static final Limits NONE = new Limits(null, 0, 0);
    /** The most that {@link #maxPerSecond} can be: more is as good as no limit. */
    public static final int MAX_PER_SECOND = 100_000;

    public Limits {
        if (maxConcurrent < 0) {
            throw new IllegalArgumentException("maxConcurrent must be 1 or more, got " + maxConcurrent);
        }
        if (maxPerSecond < 0 || maxPerSecond > MAX_PER_SECOND) {
            throw new IllegalArgumentException(
                    "maxPerSecond must be from 1 to " + MAX_PER_SECOND + ", got " + maxPerSecond);
        }
    }

    public static Limits cap(Percentage maxTraffic) {
        return new Limits(maxTraffic, 0, 0);
    }
}
