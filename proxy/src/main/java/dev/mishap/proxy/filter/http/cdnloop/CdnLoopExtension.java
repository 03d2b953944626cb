package dev.mishap.proxy.filter.http.cdnloop;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.cdn_loop}. */
public final class CdnLoopExtension implements HttpFilterExtension {
    private static final String FILTER = "envoy.extensions.filters.http.cdn_loop.v3.CdnLoopConfig";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(FILTER).supported("cdn_id", "max_allowed_occurrences"));

    @Override
    public String name() {
        return "envoy.filters.http.cdn_loop";
    }

    @Override
    public String typeUrl() {
        return FILTER;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        String id = config.string("cdn_id");
        if (!CdnInfo.isId(id)) {
            throw new ConfigException("Provided cdn_id \"" + id + "\" is not a valid CDN identifier");
        }
        int most = (int) Math.min(config.integer("max_allowed_occurrences", 0), Integer.MAX_VALUE);
        return () -> new CdnLoopFilter(id, most);
    }
}
