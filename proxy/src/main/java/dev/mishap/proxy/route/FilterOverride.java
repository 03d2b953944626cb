package dev.mishap.proxy.route;

import org.jspecify.annotations.Nullable;

/**
 * What a {@code typed_per_filter_config} says of one filter.
 *
 * @param config the filter's own per-route configuration, or null when only {@code disabled} is said
 * @param disabled whether the filter is off here, or null when nothing is said
 */
record FilterOverride(@Nullable Object config, @Nullable Boolean disabled) {}
