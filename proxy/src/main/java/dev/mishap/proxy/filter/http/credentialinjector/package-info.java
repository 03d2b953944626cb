/** {@code envoy.filters.http.credential_injector}: requests get a credential of the proxy's, which comes from a secret. */
@NullMarked
package dev.mishap.proxy.filter.http.credentialinjector;

import org.jspecify.annotations.NullMarked;
