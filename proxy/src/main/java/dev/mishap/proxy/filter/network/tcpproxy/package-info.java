/** Network filter {@code tcp_proxy}: bytes to a cluster and back. */
@NullMarked
package dev.mishap.proxy.filter.network.tcpproxy;

import org.jspecify.annotations.NullMarked;
