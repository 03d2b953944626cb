/** {@code envoy.filters.http.rbac}: requests that the policies do not allow are answered with 403. */
@NullMarked
package dev.mishap.proxy.filter.http.rbac;

import org.jspecify.annotations.NullMarked;
