package dev.mishap.proxy.filter.http;

import java.util.concurrent.atomic.AtomicLong;

/** Where draws come from. Safe from any thread. */
@FunctionalInterface
public interface RandomSource {
    /** The next 64 random bits. */
    long next();

    /** A repeatable sequence (SplitMix64): the same seed gives the same numbers, whichever worker asks for each. */
    static RandomSource seeded(long seed) {
        AtomicLong state = new AtomicLong(seed);
        return () -> {
            long z = state.addAndGet(0x9e3779b97f4a7c15L);
            z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
            z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
            return z ^ (z >>> 31);
        };
    }
}
