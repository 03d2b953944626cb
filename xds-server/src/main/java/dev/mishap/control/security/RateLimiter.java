package dev.mishap.control.security;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * A token bucket for each key. At most so many keys are remembered: beyond that the one that was not seen for longest starts over,
 * so that made-up keys cost no memory.
 */
public final class RateLimiter {
    private static final int MAX_KEYS = 10_000;

    private static final class Bucket {
        private double tokens;
        private long at;
    }

    private final double perNano;
    private final double burst;
    private final LongSupplier nanoTime;
    private final Map<String, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
            return size() > MAX_KEYS;
        }
    };

    /**
     * @param perSecond how fast a bucket fills
     * @param burst how much it holds
     */
    public RateLimiter(double perSecond, double burst, LongSupplier nanoTime) {
        this.perNano = perSecond / 1e9;
        this.burst = burst;
        this.nanoTime = nanoTime;
    }

    /** Takes one token: 0, or the seconds until there is one, rounded up. */
    public synchronized long take(String key) {
        Bucket bucket = filled(key);
        if (bucket.tokens >= 1) {
            bucket.tokens -= 1;
            return 0;
        }
        return wait(bucket);
    }

    /** Whether there is one, which stays: 0, or the seconds until then. */
    public synchronized long peek(String key) {
        Bucket bucket = buckets.containsKey(key) ? filled(key) : null;
        return bucket == null || bucket.tokens >= 1 ? 0 : wait(bucket);
    }

    private long wait(Bucket bucket) {
        return Math.max(1, (long) Math.ceil((1 - bucket.tokens) / perNano / 1e9));
    }

    private Bucket filled(String key) {
        long now = nanoTime.getAsLong();
        Bucket bucket = buckets.get(key);
        if (bucket == null) {
            bucket = new Bucket();
            bucket.tokens = burst;
            bucket.at = now;
            buckets.put(key, bucket);
        }
        bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * perNano);
        bucket.at = now;
        return bucket;
    }
}
