/** {@code envoy.filters.http.buffer}: requests go on when their body is complete. */
@NullMarked
package dev.mishap.proxy.filter.http.buffer;

import org.jspecify.annotations.NullMarked;
