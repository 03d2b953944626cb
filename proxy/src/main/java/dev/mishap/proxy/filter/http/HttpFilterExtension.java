package dev.mishap.proxy.filter.http;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HttpFilterFactory;
import org.jspecify.annotations.Nullable;

/** One kind of HTTP filter: turns its configuration into a factory. Stateless; one line in {@code HttpFilters}. */
public interface HttpFilterExtension {
    /** The canonical name, for example {@code envoy.filters.http.fault}. */
    String name();

    /** The name among the filters on the way upstream. */
    default String upstreamName() {
        return name();
    }

    /** Full proto name of the filter's configuration, for example {@code envoy.extensions.filters.http.fault.v3.HTTPFault}. */
    String typeUrl();

    /**
     * Parses a filter of a chain. {@code filterName} is the name the chain gives it, under which routes configure it
     * ({@code HttpStream.perFilterConfig}).
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when the configuration can't be accepted
     */
    HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context);

    /**
     * Parses a filter of a chain on the way upstream; null when the filter is not for there.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when the configuration can't be accepted
     */
    default @Nullable HttpFilterFactory parseUpstream(String filterName, ConfigNode config, FilterContext context) {
        return null;
    }

    /** Full proto name of the per-route configuration; that of the filter unless it says otherwise. */
    default String perRouteTypeUrl() {
        return typeUrl();
    }

    /** Whether {@link #parsePerRoute} takes the message of that name. */
    default boolean takesPerRoute(String messageName) {
        return perRouteTypeUrl().equals(messageName);
    }

    /** Parses a {@code typed_per_filter_config} value, or returns null when the filter has no per-route configuration. */
    default @Nullable Object parsePerRoute(ConfigNode config, FilterContext context) {
        return null;
    }

    /** Whether the filter ends the chain, as the router does. */
    default boolean terminal() {
        return false;
    }
}
