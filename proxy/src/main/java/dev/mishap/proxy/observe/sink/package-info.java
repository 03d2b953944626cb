/** Where stats are sent to: statsd in its dialects, and the metrics service. Knows stats, upstream.client, cluster. */
@NullMarked
package dev.mishap.proxy.observe.sink;

import org.jspecify.annotations.NullMarked;
