/** Listener filter {@code proxy_protocol}: the addresses that a proxy before this one tells. */
@NullMarked
package dev.mishap.proxy.filter.listener.proxyprotocol;

import org.jspecify.annotations.NullMarked;
