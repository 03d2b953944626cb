/** The HTTP connection manager: codecs, header maps, streams and the HTTP filter chain. Knows stats and runtime; routes, clusters and filters are known by its own interfaces only. */
@NullMarked
package dev.mishap.proxy.http;

import org.jspecify.annotations.NullMarked;
