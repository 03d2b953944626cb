/** Access logs over gRPC ({@code envoy.service.accesslog.v3}). Knows observe.log, observe.trace's tags, upstream.client. */
@NullMarked
package dev.mishap.proxy.observe.als;

import org.jspecify.annotations.NullMarked;
