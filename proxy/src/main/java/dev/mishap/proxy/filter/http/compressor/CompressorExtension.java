package dev.mishap.proxy.filter.http.compressor;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.List;

/** {@code envoy.filters.http.compressor}. */
public final class CompressorExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = CompressorConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.compressor";
    }

    @Override
    public String typeUrl() {
        return CompressorConfig.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return CompressorConfig.PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        CompressorConfig parsed = CompressorConfig.from(config);
        Scope scope = context.scope().scope("compressor." + parsed.libraryName() + ".gzip.");
        CompressorStats stats = new CompressorStats(scope, parsed.responseStats());
        return () -> new CompressorFilter(filterName, parsed, stats);
    }

    @Override
    public HttpFilterFactory parseUpstream(String filterName, ConfigNode config, FilterContext context) {
        return parse(filterName, config, context.withoutDot());
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return CompressorConfig.perRoute(config);
    }
}
