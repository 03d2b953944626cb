package dev.mishap.proxy.filter.http.buffer;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code envoy.filters.http.buffer}. */
public final class BufferExtension implements HttpFilterExtension {
    private static final String FILTER = "envoy.extensions.filters.http.buffer.v3.Buffer";
    private static final String PER_ROUTE = "envoy.extensions.filters.http.buffer.v3.BufferPerRoute";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER).supported("max_request_bytes"),
            SupportedFields.of(PER_ROUTE).supported("disabled", "buffer"));

    /** What a route says when it switches the filter off. */
    static final int OFF = -1;

    @Override
    public String name() {
        return "envoy.filters.http.buffer";
    }

    @Override
    public String typeUrl() {
        return FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        return factory(filterName, config, context.scope().counter("downstream_rq_too_large"));
    }

    /** What is too large is not counted there. */
    @Override
    public HttpFilterFactory parseUpstream(String filterName, ConfigNode config, FilterContext context) {
        return factory(filterName, config, null);
    }

    private static HttpFilterFactory factory(String filterName, ConfigNode config, @Nullable Counter tooLarge) {
        int limit = limit(config);
        return () -> new BufferFilter(filterName, limit, tooLarge);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        ConfigNode buffer = config.message("buffer");
        return buffer == null ? OFF : limit(buffer);
    }

    private static int limit(ConfigNode buffer) {
        return (int) Math.min(buffer.integer("max_request_bytes", 0), Integer.MAX_VALUE);
    }
}
