/** {@code envoy.filters.http.header_to_metadata}: headers and cookies become dynamic metadata. */
@NullMarked
package dev.mishap.proxy.filter.http.headertometadata;

import org.jspecify.annotations.NullMarked;
