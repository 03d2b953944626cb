/**
 * TLS on both sides: its configuration, certificates and their checks, contexts of the engine and the transport sockets. Knows no
 * HTTP; none of its classes load before a configuration names TLS.
 */
@NullMarked
package dev.mishap.proxy.tls;

import org.jspecify.annotations.NullMarked;
