/** Clusters, their endpoints and circuit breakers, and the cluster manager. Knows stats and dns; no pools, no HTTP. */
@NullMarked
package dev.mishap.proxy.cluster;

import org.jspecify.annotations.NullMarked;
