/** Hosts that requests name, and what their names resolve to. Knows nothing of clusters. */
@NullMarked
package dev.mishap.proxy.dns.cache;

import org.jspecify.annotations.NullMarked;
