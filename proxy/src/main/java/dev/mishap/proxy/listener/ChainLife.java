package dev.mishap.proxy.listener;

import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.xds.Lifecycle;

/**
 * What a filter chain has of its own, since it may stay when its listener is changed: what ends with it, and whether its connections
 * are to go.
 */
public record ChainLife(Lifecycle life, DrainState drain) {}
