/** Network filter {@code mishap.filters.network.dns_proxy}: DNS over TCP. */
@NullMarked
package dev.mishap.proxy.filter.network.dnsproxy;

import org.jspecify.annotations.NullMarked;
