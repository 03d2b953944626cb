package dev.mishap.proxy.filter.http.setmetadata;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.List;

/** {@code envoy.filters.http.set_metadata}. */
public final class SetMetadataExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = MetadataUpdates.FIELDS;

    private static final String DENIED = "set_metadata.overwrite_denied";

    @Override
    public String name() {
        return "envoy.filters.http.set_metadata";
    }

    @Override
    public String typeUrl() {
        return MetadataUpdates.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return MetadataUpdates.FILTER;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        MetadataUpdates own = MetadataUpdates.from(config, context.scope().counter(DENIED));
        return () -> new SetMetadataFilter(filterName, own);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        // In Envoy routes belong to no connection manager, and count apart.
        return MetadataUpdates.from(config, context.service(StatsStore.class).counter(DENIED));
    }
}
