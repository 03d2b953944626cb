/** {@code envoy.filters.http.cors}: cross-origin requests. */
@NullMarked
package dev.mishap.proxy.filter.http.cors;

import org.jspecify.annotations.NullMarked;
