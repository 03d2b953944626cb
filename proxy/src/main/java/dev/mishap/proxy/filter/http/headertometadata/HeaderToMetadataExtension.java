package dev.mishap.proxy.filter.http.headertometadata;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.header_to_metadata}. */
public final class HeaderToMetadataExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = MetadataRules.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.header_to_metadata";
    }

    @Override
    public String typeUrl() {
        return MetadataRules.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return MetadataRules.FILTER;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        MetadataRules own = MetadataRules.from(config);
        return () -> new HeaderToMetadataFilter(filterName, own);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return MetadataRules.from(config);
    }
}
