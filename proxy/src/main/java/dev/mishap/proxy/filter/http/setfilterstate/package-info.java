/** {@code envoy.filters.http.set_filter_state}. */
@NullMarked
package dev.mishap.proxy.filter.http.setfilterstate;

import org.jspecify.annotations.NullMarked;
