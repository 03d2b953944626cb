/** {@code envoy.filters.http.fault}: delays, aborts and response rate limits as Envoy injects them. Knows no rules that arrive by API. */
@NullMarked
package dev.mishap.proxy.filter.http.fault;

import org.jspecify.annotations.NullMarked;
