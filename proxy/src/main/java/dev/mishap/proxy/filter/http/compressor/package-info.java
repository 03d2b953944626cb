/** {@code envoy.filters.http.compressor}: bodies are compressed with gzip on their way. There is no engine for other codings. */
@NullMarked
package dev.mishap.proxy.filter.http.compressor;

import org.jspecify.annotations.NullMarked;
