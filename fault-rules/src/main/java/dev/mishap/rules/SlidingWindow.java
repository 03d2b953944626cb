package dev.mishap.rules;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts of the recent past, over all threads, without a lock: requests in scope, and requests touched. Time is cut into
 * buckets; a bucket is one long of (epoch, scoped, touched), so that it is emptied and counted in one step.
 *
 * <p>A charge is made first and taken back if it turns out to be too much, so that two threads at once may both be refused but
 * never both be let through to the last place.
 */
final class SlidingWindow {
    private static final int TOUCHED_BITS = 18;
    private static final int SCOPED_BITS = 20;
    private static final long MAX_TOUCHED = (1L << TOUCHED_BITS) - 1;
    private static final long MAX_SCOPED = (1L << SCOPED_BITS) - 1;
    private static final int EPOCH_SHIFT = TOUCHED_BITS + SCOPED_BITS;
    private static final long EPOCH_MASK = (1L << 64 - EPOCH_SHIFT) - 1;
    private static final long ONE_SCOPED = 1L << TOUCHED_BITS;
    /** How many buckets a thread may be behind another. More, and what looks newer is from the round of epochs before. */
    private static final int MAX_BEHIND = 64;

    private final AtomicLongArray buckets;
    private final int size;
    private final long bucketNanos;

    /** A window of {@code size} buckets, the one that is being filled among them. */
    SlidingWindow(int size, long bucketNanos) {
        this.size = size;
        this.bucketNanos = bucketNanos;
        this.buckets = new AtomicLongArray(size);
    }

    /**
     * Ten seconds, for caps: touched requests of all of them and of the part of a bucket before, scoped requests of no more than
     * ten seconds. So at the moment of a touch no ten seconds whatever hold more than the cap.
     */
    static SlidingWindow forCap() {
        return new SlidingWindow(11, 1_000_000_000L);
    }

    /** A second and the part of a bucket that is running, so that no second whatever holds more than the limit. */
    static SlidingWindow forRate() {
        return new SlidingWindow(11, 100_000_000L);
    }

    void addScoped(long nowNanos) {
        long epoch = Math.floorDiv(nowNanos, bucketNanos);
        int i = Math.floorMod(epoch, size);
        long was;
        long next;
        do {
            was = buckets.get(i);
            long base = current(was, epoch);
            next = (base >>> TOUCHED_BITS & MAX_SCOPED) == MAX_SCOPED ? base : base + ONE_SCOPED;
        } while (!buckets.compareAndSet(i, was, next));
    }

    /** Charges one touch if (touched + 1) ≤ ceil(cap × scoped). */
    boolean tryTouchUnderCap(long nowNanos, Percentage cap) {
        return tryTouch(nowNanos, cap.millionths(), 0);
    }

    /** Charges one touch if at most {@code limit} are then in the window. */
    boolean tryTouchUpTo(long nowNanos, int limit) {
        return tryTouch(nowNanos, -1, limit);
    }

    private boolean tryTouch(long nowNanos, int capMillionths, long limit) {
        long epoch = Math.floorDiv(nowNanos, bucketNanos);
        int i = Math.floorMod(epoch, size);
        long was;
        long next;
        do {
            was = buckets.get(i);
            long base = current(was, epoch);
            if ((base & MAX_TOUCHED) == MAX_TOUCHED) {
                return false;
            }
            next = base + 1;
        } while (!buckets.compareAndSet(i, was, next));

        long touched = 0;
        long scoped = 0;
        for (int k = 0; k < size; k++) {
            long bucket = buckets.get(k);
            if (isRecent(bucket, epoch, size)) {
                touched += bucket & MAX_TOUCHED;
            }
            if (isRecent(bucket, epoch, size - 1)) {
                scoped += bucket >>> TOUCHED_BITS & MAX_SCOPED;
            }
        }
        long allowed = capMillionths < 0 ? limit : (scoped * capMillionths + Percentage.SCALE - 1) / Percentage.SCALE;
        if (touched <= allowed) {
            return true;
        }
        untouch(nowNanos);
        return false;
    }

    /** Takes back a charge that was made at {@code nowNanos}. */
    void untouch(long nowNanos) {
        long epoch = Math.floorDiv(nowNanos, bucketNanos);
        int i = Math.floorMod(epoch, size);
        long was;
        do {
            was = buckets.get(i);
            if ((was >>> EPOCH_SHIFT) != (epoch & EPOCH_MASK)) {
                return;
            }
        } while (!buckets.compareAndSet(i, was, was - 1));
    }

    /** The bucket as it counts in {@code epoch}: emptied when it is of an older one. A late thread counts in the newer bucket. */
    private long current(long bucket, long epoch) {
        long age = epoch - (bucket >>> EPOCH_SHIFT) & EPOCH_MASK;
        return age == 0 || isNewer(age) ? bucket : (epoch & EPOCH_MASK) << EPOCH_SHIFT;
    }

    private static boolean isRecent(long bucket, long epoch, int buckets) {
        long age = epoch - (bucket >>> EPOCH_SHIFT) & EPOCH_MASK;
        return age < buckets || isNewer(age);
    }

    private static boolean isNewer(long age) {
        return age > EPOCH_MASK - MAX_BEHIND;
    }
}
