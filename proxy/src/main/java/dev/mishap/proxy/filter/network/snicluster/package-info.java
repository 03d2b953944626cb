/** Network filter {@code sni_cluster}: the TLS server name is the name of the cluster. */
@NullMarked
package dev.mishap.proxy.filter.network.snicluster;

import org.jspecify.annotations.NullMarked;
