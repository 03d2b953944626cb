/** Picks an endpoint of a cluster for a request. Knows clusters and runtime of one loop, no connections. */
@NullMarked
package dev.mishap.proxy.cluster.lb;

import org.jspecify.annotations.NullMarked;
