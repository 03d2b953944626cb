/** {@code envoy.filters.network.local_ratelimit}: connections that find no token are closed. */
@NullMarked
package dev.mishap.proxy.filter.network.localratelimit;

import org.jspecify.annotations.NullMarked;
