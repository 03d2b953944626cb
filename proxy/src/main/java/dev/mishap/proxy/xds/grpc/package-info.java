/**
 * Configuration from a management server over gRPC: one stream for all types (ADS) or one a type, state of the world or
 * incremental. The protocol's state is here and knows no sockets; a {@code XdsTransport} carries the messages.
 */
@NullMarked
package dev.mishap.proxy.xds.grpc;

import org.jspecify.annotations.NullMarked;
