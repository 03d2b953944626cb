/** {@code envoy.filters.http.health_check}: answers probes, or passes and remembers them. */
@NullMarked
package dev.mishap.proxy.filter.http.healthcheck;

import org.jspecify.annotations.NullMarked;
