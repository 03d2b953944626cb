/** The listener filter that has connections upstream come from the client's address. */
@NullMarked
package dev.mishap.proxy.filter.listener.originalsrc;

import org.jspecify.annotations.NullMarked;
