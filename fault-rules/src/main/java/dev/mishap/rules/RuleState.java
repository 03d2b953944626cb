package dev.mishap.rules;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What changes while a rule is in place. Shared by all workers, and kept when other rules come and go. */
final class RuleState {
    private static final Suppression[] CAUSES = Suppression.values();

    final LongAdder scoped = new LongAdder();
    final LongAdder cohort = new LongAdder();
    final LongAdder drawn = new LongAdder();
    final LongAdder touched = new LongAdder();
    final LongAdder[] suppressed = new LongAdder[CAUSES.length];
    final AtomicInteger active = new AtomicInteger();
    final SlidingWindow rate = SlidingWindow.forRate();

    RuleState() {
        for (int i = 0; i < suppressed.length; i++) {
            suppressed[i] = new LongAdder();
        }
    }

    void suppress(Suppression cause) {
        suppressed[cause.ordinal()].increment();
    }

    RuleStatus status() {
        Map<Suppression, Long> causes = new EnumMap<>(Suppression.class);
        // Read from the narrowest count to the widest, so that a reading never shows more touched than drawn.
        long t = touched.sum();
        for (Suppression cause : CAUSES) {
            causes.put(cause, suppressed[cause.ordinal()].sum());
        }
        long d = drawn.sum();
        long c = cohort.sum();
        return new RuleStatus(scoped.sum(), c, d, t, active.get(), causes);
    }
}
