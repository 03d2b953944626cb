/**
 * {@code envoy.filters.http.ext_proc}: a gRPC service sees requests and responses, and changes or answers them. Headers, bodies and
 * trailers of each direction go to it as its {@link dev.mishap.proxy.filter.http.extproc.ProcessingMode} says.
 */
@NullMarked
package dev.mishap.proxy.filter.http.extproc;

import org.jspecify.annotations.NullMarked;
