/** {@code envoy.filters.http.decompressor}: bodies that come compressed go on as they were. */
@NullMarked
package dev.mishap.proxy.filter.http.decompressor;

import org.jspecify.annotations.NullMarked;
