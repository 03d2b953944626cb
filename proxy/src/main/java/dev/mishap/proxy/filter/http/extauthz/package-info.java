/** {@code envoy.filters.http.ext_authz}: another service, of HTTP or gRPC, says which requests may pass. */
@NullMarked
package dev.mishap.proxy.filter.http.extauthz;

import org.jspecify.annotations.NullMarked;
