/** UDP listener filter {@code envoy.filters.udp.dns_filter}: answers questions from a table, from clusters, or by asking resolvers. */
@NullMarked
package dev.mishap.proxy.filter.udp.dnsfilter;

import org.jspecify.annotations.NullMarked;
