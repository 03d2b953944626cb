package dev.mishap.proxy.route;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code typed_per_filter_config} says of one filter.
 *
 * @param config the filter's own per-route configuration, or null when only {@code disabled} is said
 * @param disabled whether the filter is off here, or null when nothing is said
 * @param all the configurations of all levels, the most specific first
 */
record FilterOverride(@Nullable Object config, @Nullable Boolean disabled, List<Object> all) {
    static FilterOverride of(@Nullable Object config, boolean disabled) {
        return new FilterOverride(config, disabled, config == null ? List.of() : List.of(config));
    }

    /** What this, of a more specific level, and {@code general} add up to. */
    FilterOverride over(FilterOverride general) {
        List<Object> both = new ArrayList<>(all);
        both.addAll(general.all);
        // The first level that has a configuration gives it; the first that names the filter switches it on or off.
        return new FilterOverride(config == null ? general.config : config, disabled, List.copyOf(both));
    }
}
