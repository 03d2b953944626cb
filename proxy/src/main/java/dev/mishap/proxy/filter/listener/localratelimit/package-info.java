/** Listener filter {@code local_ratelimit}: how many connections a listener takes in a time. */
@NullMarked
package dev.mishap.proxy.filter.listener.localratelimit;

import org.jspecify.annotations.NullMarked;
