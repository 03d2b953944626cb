package dev.mishap.proxy.filter.istio;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import java.util.List;

/** A network filter of Istio's proxy that does nothing here. */
public final class IstioNetworkFilter implements NetworkFilterExtension {
    /** Those that there are. */
    public static final List<NetworkFilterExtension> ALL = List.of(
            new IstioNetworkFilter("istio.metadata_exchange", IstioFilters.METADATA_EXCHANGE),
            new IstioNetworkFilter("istio.stats", IstioFilters.STATS));

    private static final NetworkFilter NOTHING = connection -> NetworkFilter.Status.DONE;

    private final String name;
    private final String typeUrl;

    private IstioNetworkFilter(String name, String typeUrl) {
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
    public boolean terminal() {
        return false;
    }

    @Override
    public PassingFilterFactory parse(ConfigNode config, NetworkFilterContext context) {
        return () -> NOTHING;
    }
}
