/** {@code envoy.filters.http.grpc_stats}: counts gRPC messages and outcomes per cluster and method. */
@NullMarked
package dev.mishap.proxy.filter.http.grpcstats;

import org.jspecify.annotations.NullMarked;
