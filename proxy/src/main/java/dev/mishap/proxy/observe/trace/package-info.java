/** Tracing: which requests are traced, what their spans say, and how they reach a collector. Knows http, upstream.client, stats, runtime. */
@NullMarked
package dev.mishap.proxy.observe.trace;

import org.jspecify.annotations.NullMarked;
