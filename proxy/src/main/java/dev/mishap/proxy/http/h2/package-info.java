/**
 * HTTP/2, both sides: frames, HPACK, flow control, and the limits that keep a hostile peer's costs its own. Headers go between the
 * wire and {@code HeaderMap} without objects in between. Knows {@code http}; nothing of routes, filters or clusters.
 */
@NullMarked
package dev.mishap.proxy.http.h2;

import org.jspecify.annotations.NullMarked;
