package dev.mishap.proxy.filter.http.headermutation;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.header_mutation}. */
public final class HeaderMutationExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = Mutations.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.header_mutation";
    }

    @Override
    public String typeUrl() {
        return Mutations.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return Mutations.PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        Mutations own = Mutations.from(config.message("mutations"));
        boolean mostSpecificWins = config.bool("most_specific_header_mutations_wins", false);
        return () -> new HeaderMutationFilter(filterName, own, mostSpecificWins);
    }

    @Override
    public HttpFilterFactory parseUpstream(String filterName, ConfigNode config, FilterContext context) {
        return parse(filterName, config, context);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return Mutations.from(config.message("mutations"));
    }
}
