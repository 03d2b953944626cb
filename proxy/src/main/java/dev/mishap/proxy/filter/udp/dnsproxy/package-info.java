/** UDP listener filter {@code mishap.filters.udp.dns_proxy}. */
@NullMarked
package dev.mishap.proxy.filter.udp.dnsproxy;

import org.jspecify.annotations.NullMarked;
