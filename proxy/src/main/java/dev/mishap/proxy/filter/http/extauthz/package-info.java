/** {@code envoy.filters.http.ext_authz}: another HTTP service says which requests may pass. There is no gRPC client of it. */
@NullMarked
package dev.mishap.proxy.filter.http.extauthz;

import org.jspecify.annotations.NullMarked;
