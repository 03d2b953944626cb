/**
 * {@code envoy.filters.http.stateful_session}: the requests of a session go to one endpoint, whose address the client keeps for us in a
 * cookie or a header.
 */
@NullMarked
package dev.mishap.proxy.filter.http.statefulsession;

import org.jspecify.annotations.NullMarked;
