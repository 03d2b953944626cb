/** {@code envoy.filters.http.jwt_authn}: JSON Web Tokens, verified by the JDK's cryptography. */
@NullMarked
package dev.mishap.proxy.filter.http.jwtauthn;

import org.jspecify.annotations.NullMarked;
