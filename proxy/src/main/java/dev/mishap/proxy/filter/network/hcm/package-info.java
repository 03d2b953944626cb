/** {@code envoy.filters.network.http_connection_manager}: its configuration. The connection manager itself is in {@code http}. */
@NullMarked
package dev.mishap.proxy.filter.network.hcm;

import org.jspecify.annotations.NullMarked;
