/** {@code envoy.filters.http.csrf}: what a browser is made to send comes from a page of the site itself. */
@NullMarked
package dev.mishap.proxy.filter.http.csrf;

import org.jspecify.annotations.NullMarked;
