package dev.mishap.rules;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a request's caller is in a cohort. The rule, fixed for good so that every proxy and tool agrees: with
 * {@code s = XXH64(UTF-8 of the seed, 0)} and {@code h = XXH64(bytes of the key, s)}, the caller is in when
 * {@code floor((h >>> 1) × 2,000,000 / 2^64) < percent in millionths}. The bytes of a key are those of the header or cookie
 * value, the 32 digits of the trace id, or the 4 or 16 of the address. Safe for many threads.
 */
public final class CohortMatcher {
    private final Percentage percent;
    private final long seed;
    private final KeyReader key;

    private CohortMatcher(Percentage percent, long seed, KeyReader key) {
        this.percent = percent;
        this.seed = seed;
        this.key = key;
    }

    /**
     * @param fallbackSeed for a cohort without a seed: the experiment's id, else the rule's or observer's name
     */
    public static CohortMatcher compile(Cohort cohort, String fallbackSeed, HeaderSlots slots) {
        String seed = cohort.seed() == null ? fallbackSeed : cohort.seed();
        return new CohortMatcher(cohort.percent(), XxHash64.ofText(seed), new KeyReader(cohort.key(), slots));
    }

    public boolean contains(RequestView request) {
        if (percent.isFull()) {
            return true;
        }
        long hash = key.hash(request, seed, false);
        return hash != KeyReader.ABSENT && percent.holds(hash);
    }

    /** Whether whoever has that address is in the cohort; for what has no other key. */
    boolean contains(@Nullable InetAddress source) {
        if (percent.isFull()) {
            return true;
        }
        long hash = KeyReader.address(source, seed);
        return hash != KeyReader.ABSENT && percent.holds(hash);
    }

    /** The key's hash for draws; {@link KeyReader#ABSENT} when the client sent none. */
    long drawKey(RequestView request) {
        return key.hash(request, 0, true);
    }
}
