/** Requests that the proxy makes of its own accord, over its clusters: HTTP and gRPC. Knows upstream and http, no routes, no filters. */
@NullMarked
package dev.mishap.proxy.upstream.client;

import org.jspecify.annotations.NullMarked;
