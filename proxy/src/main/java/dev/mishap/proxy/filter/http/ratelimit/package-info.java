/** {@code envoy.filters.http.ratelimit}: a gRPC service says which requests are too many. */
@NullMarked
package dev.mishap.proxy.filter.http.ratelimit;

import org.jspecify.annotations.NullMarked;
