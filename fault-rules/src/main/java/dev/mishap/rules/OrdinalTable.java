package dev.mishap.rules;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Numbers the requests of each key from 0, over all threads, without a lock and in bounded memory: 8,192 keys in 64 KiB.
 * With more keys the one with the fewest requests of its set of eight is forgotten and starts again at 0 when it comes back.
 * Keys of one request each, as trace ids are, therefore always get 0, whatever else is going on.
 *
 * <p>A slot is (32 bits of the key's hash, the next ordinal); 0 is an empty slot. Two keys are taken for one with a
 * probability of 2^-32 a pair within a set.
 */
final class OrdinalTable {
    private static final int WAYS = 8;
    private static final int SETS = 1024;

    private final AtomicLongArray slots = new AtomicLongArray(WAYS * SETS);

    long next(long keyHash) {
        long tag = keyHash >>> 32 | 1;
        int base = ((int) keyHash & SETS - 1) * WAYS;
        while (true) {
            int victim = base;
            long victimSlot = -1;
            long fewest = Long.MAX_VALUE;
            for (int i = base; i < base + WAYS; i++) {
                long slot = slots.get(i);
                if (slot >>> 32 == tag) {
                    long ordinal = slot & 0xffff_ffffL;
                    // Wraps after 2^32 requests of one key, to 1: 0 would be an empty slot only with an empty tag.
                    long following = ordinal == 0xffff_ffffL ? 1 : ordinal + 1;
                    if (slots.compareAndSet(i, slot, tag << 32 | following)) {
                        return ordinal;
                    }
                    victimSlot = -1;
                    fewest = -1;
                    break;
                }
                long uses = slot & 0xffff_ffffL;
                if (uses < fewest) {
                    fewest = uses;
                    victim = i;
                    victimSlot = slot;
                }
            }
            if (fewest >= 0 && slots.compareAndSet(victim, victimSlot, tag << 32 | 1)) {
                return 0;
            }
        }
    }
}
