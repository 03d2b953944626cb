package dev.mishap.rules;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** What changes while a rule is in place. Shared by all workers, and kept when other rules come and go. */
final class RuleState {
    private static final Suppression[] CAUSES = Suppression.values();
    /** So long without a suppression of a kind, and the next one is news. */
    private static final long EPISODE_NANOS = 10_000_000_000L;

    final LongAdder scoped = new LongAdder();
    final LongAdder cohort = new LongAdder();
    final LongAdder drawn = new LongAdder();
    final LongAdder touched = new LongAdder();
    final LongAdder wouldTouch = new LongAdder();
    final LongAdder[] suppressed = new LongAdder[CAUSES.length];
    final AtomicInteger active = new AtomicInteger();
    final SlidingWindow rate = SlidingWindow.forRate();
    /** Whether the rule is gone and is to let go of what it holds. Never goes back: the next rule of the name has another state. */
    volatile boolean ended;
    /** When each cause held something back last; 0 = never. */
    private final AtomicLongArray last = new AtomicLongArray(CAUSES.length);

    RuleState() {
        for (int i = 0; i < suppressed.length; i++) {
            suppressed[i] = new LongAdder();
        }
    }

    /** Counts; whether it is the first of its kind for a while. */
    boolean suppress(Suppression cause, long nowNanos) {
        int i = cause.ordinal();
        suppressed[i].increment();
        long now = nowNanos == 0 ? 1 : nowNanos;
        long was = last.get(i);
        if (was != 0 && now - was < EPISODE_NANOS) {
            if (now - was > EPISODE_NANOS / 10) {
                // Seldom enough to be no bottleneck, often enough to know how long the quiet was.
                last.lazySet(i, now);
            }
            return false;
        }
        return last.compareAndSet(i, was, now);
    }

    RuleStatus status() {
        Map<Suppression, Long> causes = new EnumMap<>(Suppression.class);
        // Read from the narrowest count to the widest, so that a reading never shows more touched than drawn.
        long t = touched.sum();
        long w = wouldTouch.sum();
        for (Suppression cause : CAUSES) {
            causes.put(cause, suppressed[cause.ordinal()].sum());
        }
        long d = drawn.sum();
        long c = cohort.sum();
        return new RuleStatus(scoped.sum(), c, d, t, w, active.get(), causes);
    }
}
