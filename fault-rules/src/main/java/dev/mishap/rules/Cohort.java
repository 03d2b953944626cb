package dev.mishap.rules;

import org.jspecify.annotations.Nullable;

/**
 * The callers that may be touched at all: the share whose hash of (seed, key) falls under {@code percent}. The same caller is
 * in or out on every proxy for as long as the seed stays. A request without the key is in no cohort under 100 %.
 *
 * @param percent the share of callers
 * @param seed null = the rule's experiment id, else its name
 */
public record Cohort(Percentage percent, @Nullable String seed, CohortKey key) {
    /** Everybody. */
    public static final Cohort ALL = new Cohort(Percentage.FULL, null, CohortKey.TRACE_ID);

    public Cohort {
        if (seed != null && (seed.isEmpty() || seed.length() > 256)) {
            throw new IllegalArgumentException("seed must have 1 to 256 characters");
        }
    }
}
