package dev.mishap.proxy.filter.network.snicluster;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import java.util.List;

/** Has the TCP proxy after it take the cluster that is called as the connection's TLS server name. */
public final class SniClusterExtension implements NetworkFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.network.sni_cluster.v3.SniCluster";

    /** Where the TCP proxy looks for the name of its cluster. */
    private static final String CLUSTER = "envoy.tcp_proxy.cluster";

    public static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(TYPE));

    private static final NetworkFilter FILTER = connection -> {
        String name = connection.info().requestedServerName;
        if (name != null && !name.isEmpty()) {
            connection.info().putFilterState(CLUSTER, name);
        }
        return NetworkFilter.Status.DONE;
    };

    @Override
    public String name() {
        return "envoy.filters.network.sni_cluster";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public boolean terminal() {
        return false;
    }

    @Override
    public PassingFilterFactory parse(ConfigNode config, NetworkFilterContext context) {
        return () -> FILTER;
    }
}
