/** {@code envoy.filters.http.grpc_web}: browsers call gRPC services. */
@NullMarked
package dev.mishap.proxy.filter.http.grpcweb;

import org.jspecify.annotations.NullMarked;
