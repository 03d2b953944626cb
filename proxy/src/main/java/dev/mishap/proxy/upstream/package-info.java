/** Connections to endpoints: pools per event loop, HTTP/1.1 upstream. Knows clusters and the codec, no routes and no filters. */
@NullMarked
package dev.mishap.proxy.upstream;

import org.jspecify.annotations.NullMarked;
