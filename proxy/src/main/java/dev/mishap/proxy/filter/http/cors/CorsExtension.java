package dev.mishap.proxy.filter.http.cors;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.List;

/** {@code envoy.filters.http.cors}. All its settings come from the route's levels. */
public final class CorsExtension implements HttpFilterExtension {
    private static final String FILTER = "envoy.extensions.filters.http.cors.v3.Cors";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(FILTER), CorsPolicy.FIELDS, CorsPolicy.LEGACY_FIELDS);

    @Override
    public String name() {
        return "envoy.filters.http.cors";
    }

    @Override
    public String typeUrl() {
        return FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return CorsPolicy.MESSAGE;
    }

    @Override
    public boolean takesPerRoute(String messageName) {
        return messageName.equals(CorsPolicy.MESSAGE) || messageName.equals(CorsPolicy.LEGACY);
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        Scope scope = context.scope().scope("cors.");
        CorsFilter.Stats stats = new CorsFilter.Stats(scope.counter("origin_valid"), scope.counter("origin_invalid"));
        RandomSource random = RandomSource.seeded(context.randomSeed() ^ 0x636f7273L);
        return () -> new CorsFilter(filterName, stats, random);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return CorsPolicy.from(config);
    }
}
