/** {@code envoy.filters.http.bandwidth_limit}: bodies pass at a rate that the requests of a configuration share. */
@NullMarked
package dev.mishap.proxy.filter.http.bandwidthlimit;

import org.jspecify.annotations.NullMarked;
