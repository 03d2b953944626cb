/** Outlier detection: endpoints that answer badly are left alone for a while. Knows clusters, no connections and no HTTP. */
@NullMarked
package dev.mishap.proxy.cluster.outlier;

import org.jspecify.annotations.NullMarked;
