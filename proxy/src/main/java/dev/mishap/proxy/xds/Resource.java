package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigNode;

/**
 * A resource that arrived: read, checked against its constraints and against what is supported.
 *
 * @param name what subscribers ask for
 * @param version the resource's own in a delta response, else that of its response
 * @param config the resource
 * @param ttlNanos after this time without an update the resource is gone; 0 = never
 */
public record Resource(String name, String version, ConfigNode config, long ttlNanos) {}
