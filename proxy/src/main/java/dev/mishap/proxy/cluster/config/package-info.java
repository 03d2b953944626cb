/** {@code envoy.config.cluster.v3.Cluster} to the records of {@code cluster}. Knows every cluster type and load balancer. */
@NullMarked
package dev.mishap.proxy.cluster.config;

import org.jspecify.annotations.NullMarked;
