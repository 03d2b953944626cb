/** Network filter {@code connection_limit}: how many connections a filter chain has at a time. */
@NullMarked
package dev.mishap.proxy.filter.network.connectionlimit;

import org.jspecify.annotations.NullMarked;
