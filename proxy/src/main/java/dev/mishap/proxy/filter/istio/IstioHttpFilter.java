package dev.mishap.proxy.filter.istio;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** An HTTP filter of Istio's proxy that does nothing here. */
public final class IstioHttpFilter implements HttpFilterExtension {
    /** Those that there are. */
    public static final List<HttpFilterExtension> ALL = List.of(
            new IstioHttpFilter("istio.metadata_exchange", IstioFilters.PEER_METADATA),
            new IstioHttpFilter("istio.alpn", IstioFilters.ALPN),
            new IstioHttpFilter("istio.stats", IstioFilters.STATS));

    private static final HttpFilter NOTHING = new HttpFilter() {};

    private final String name;
    private final String typeUrl;

    private IstioHttpFilter(String name, String typeUrl) {
        this.name = name;
        this.typeUrl = typeUrl;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String typeUrl() {
        return typeUrl;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        return () -> NOTHING;
    }
}
