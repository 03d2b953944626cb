/** Active health checks: asks endpoints, on the main loop, whether they are well. Knows clusters and connections, no routes. */
@NullMarked
package dev.mishap.proxy.cluster.health;

import org.jspecify.annotations.NullMarked;
