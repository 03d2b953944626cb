/** Listener filter {@code tls_inspector}: what a client's TLS hello says of the connection. */
@NullMarked
package dev.mishap.proxy.filter.listener.tlsinspector;

import org.jspecify.annotations.NullMarked;
