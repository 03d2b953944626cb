/** Transport socket {@code upstream_proxy_protocol}: tells an upstream, before all else, for whom a connection is. */
@NullMarked
package dev.mishap.proxy.transport.proxyprotocol;

import org.jspecify.annotations.NullMarked;
