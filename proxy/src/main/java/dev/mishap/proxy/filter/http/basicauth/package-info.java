/** {@code envoy.filters.http.basic_auth}: requests carry the name and password of a user. */
@NullMarked
package dev.mishap.proxy.filter.http.basicauth;

import org.jspecify.annotations.NullMarked;
