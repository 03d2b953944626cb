/** {@code envoy.filters.http.header_mutation}: headers and query parameters changed on the way. Knows no routes beyond their configurations of it. */
@NullMarked
package dev.mishap.proxy.filter.http.headermutation;

import org.jspecify.annotations.NullMarked;
