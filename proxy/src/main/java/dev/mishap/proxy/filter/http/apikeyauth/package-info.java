/** {@code envoy.filters.http.api_key_auth}: requests carry the key of a client. */
@NullMarked
package dev.mishap.proxy.filter.http.apikeyauth;

import org.jspecify.annotations.NullMarked;
