package dev.mishap.proxy.observe.stats;

import com.google.re2j.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which stats are shown and how histograms look.
 *
 * @param type All, Counters, Gauges, Histograms or TextReadouts
 * @param filter searched in the name, null = all
 * @param invert whether names that the filter finds are left out instead
 * @param usedOnly only what was ever written
 * @param buckets how histograms look: {@code none} (quantiles), cumulative, disjoint, detailed, summary
 */
public record StatsQuery(String type, @Nullable Pattern filter, boolean invert, boolean usedOnly, String buckets) {
    boolean shows(String kind, String name) {
        return (type.equals("All") || type.equals(kind))
                && (filter == null || filter.matcher(name).find() != invert);
    }
}
