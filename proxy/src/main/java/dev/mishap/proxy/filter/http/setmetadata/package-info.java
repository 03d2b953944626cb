/** {@code envoy.filters.http.set_metadata}: every request gets the same dynamic metadata. */
@NullMarked
package dev.mishap.proxy.filter.http.setmetadata;

import org.jspecify.annotations.NullMarked;
