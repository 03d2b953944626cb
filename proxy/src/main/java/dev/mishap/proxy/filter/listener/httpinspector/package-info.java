/** Listener filter {@code http_inspector}: which version of HTTP a client speaks without TLS. */
@NullMarked
package dev.mishap.proxy.filter.listener.httpinspector;

import org.jspecify.annotations.NullMarked;
