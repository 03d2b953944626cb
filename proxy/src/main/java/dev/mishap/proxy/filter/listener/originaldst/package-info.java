/** Listener filter {@code original_dst}: where a redirected connection was to go. */
@NullMarked
package dev.mishap.proxy.filter.listener.originaldst;

import org.jspecify.annotations.NullMarked;
