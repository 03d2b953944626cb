/** {@code envoy.filters.http.router}: forwards a request to its route's cluster, with time-outs, retries and mirrors. Knows routes, clusters and pools. */
@NullMarked
package dev.mishap.proxy.filter.http.router;

import org.jspecify.annotations.NullMarked;
