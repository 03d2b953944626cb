/** {@code envoy.filters.network.set_filter_state}. */
@NullMarked
package dev.mishap.proxy.filter.network.setfilterstate;

import org.jspecify.annotations.NullMarked;
