/** HTTP/1.1 on the wire, for both directions: bytes to header maps and back. Knows header maps, not streams, routes or clusters. */
@NullMarked
package dev.mishap.proxy.http.h1;

import org.jspecify.annotations.NullMarked;
