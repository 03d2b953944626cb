/** Listeners: sockets per worker, filter chains, and the list of network filters. Knows the filters by their interface. */
@NullMarked
package dev.mishap.proxy.listener;

import org.jspecify.annotations.NullMarked;
