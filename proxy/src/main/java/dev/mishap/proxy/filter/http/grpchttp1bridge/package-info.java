/** {@code envoy.filters.http.grpc_http1_bridge}: clients of HTTP/1 without trailers call gRPC services. */
@NullMarked
package dev.mishap.proxy.filter.http.grpchttp1bridge;

import org.jspecify.annotations.NullMarked;
