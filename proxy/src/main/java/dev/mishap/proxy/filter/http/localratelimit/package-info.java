/** {@code envoy.filters.http.local_ratelimit}: requests that find no token in this process's buckets are refused. */
@NullMarked
package dev.mishap.proxy.filter.http.localratelimit;

import org.jspecify.annotations.NullMarked;
