package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.config.schema.ConfigNode;
import org.jspecify.annotations.Nullable;

/**
 * What the process gives every connection manager that traces.
 *
 * @param provider {@code Bootstrap.tracing.http}, or null
 */
public record TracingDefaults(@Nullable ConfigNode provider, TracingConfig.Environment environment) {}
