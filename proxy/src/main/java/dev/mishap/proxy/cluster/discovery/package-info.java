/** The cluster types: where a cluster's endpoints come from. Knows clusters, DNS and the messages of assignments; no connections. */
@NullMarked
package dev.mishap.proxy.cluster.discovery;

import org.jspecify.annotations.NullMarked;
