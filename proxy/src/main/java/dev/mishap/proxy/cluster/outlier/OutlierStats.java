package dev.mishap.proxy.cluster.outlier;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.EnumMap;
import java.util.Map;

/** {@code cluster.<name>.outlier_detection.*}. */
final class OutlierStats {
    final Gauge active;
    final Counter overflow;
    final Counter enforcedTotal;
    /** Older names that Envoy still counts. */
    final Counter total;

    final Counter oldConsecutive5xx;
    final Counter oldSuccessRate;
    private final Map<Ejection, Counter> detected = new EnumMap<>(Ejection.class);
    private final Map<Ejection, Counter> enforced = new EnumMap<>(Ejection.class);

    OutlierStats(Scope s) {
        active = s.gauge("ejections_active");
        overflow = s.counter("ejections_overflow");
        enforcedTotal = s.counter("ejections_enforced_total");
        total = s.counter("ejections_total");
        oldConsecutive5xx = s.counter("ejections_consecutive_5xx");
        oldSuccessRate = s.counter("ejections_success_rate");
        s.counter("ejections_detected_degradation");
        for (Ejection e : Ejection.values()) {
            detected.put(e, s.counter("ejections_detected_" + e.stat));
            enforced.put(e, s.counter("ejections_enforced_" + e.stat));
        }
    }

    void detected(Ejection e) {
        count(detected, e);
        if (e == Ejection.CONSECUTIVE_5XX) {
            oldConsecutive5xx.inc();
        } else if (e == Ejection.SUCCESS_RATE) {
            oldSuccessRate.inc();
        }
    }

    void enforced(Ejection e) {
        count(enforced, e);
        enforcedTotal.inc();
    }

    private static void count(Map<Ejection, Counter> of, Ejection e) {
        Counter c = of.get(e);
        if (c != null) {
            c.inc();
        }
    }
}
