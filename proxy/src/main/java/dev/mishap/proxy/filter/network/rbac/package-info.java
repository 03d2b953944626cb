/** {@code envoy.filters.network.rbac}: connections that the policies do not allow are closed. */
@NullMarked
package dev.mishap.proxy.filter.network.rbac;

import org.jspecify.annotations.NullMarked;
