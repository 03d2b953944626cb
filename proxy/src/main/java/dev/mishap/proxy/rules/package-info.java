/** Rules that arrive by API: the store with its leases, what workers see of it, and the {@code /mishap/v1} endpoints. Knows no filter chain. */
@NullMarked
package dev.mishap.proxy.rules;

import org.jspecify.annotations.NullMarked;
