package dev.mishap.proxy.filter.http.ondemand;

import dev.mishap.proxy.cluster.OnDemandClusters;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.xds.Lifecycle;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is discovered on demand besides routes: {@code OnDemand} and {@code PerRouteConfig}.
 *
 * @param clusters where clusters come from, null = they are not discovered on demand
 * @param timeoutNanos the longest wait for a cluster; default 5 s
 */
record OnDemandConfig(OnDemandClusters.@Nullable Source clusters, long timeoutNanos) {
    private static final String PACKAGE = "envoy.extensions.filters.http.on_demand.v3.";
    static final String FILTER = PACKAGE + "OnDemand";
    static final String PER_ROUTE = PACKAGE + "PerRouteConfig";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER).supported("odcds"),
            SupportedFields.of(PER_ROUTE).supported("odcds"),
            SupportedFields.of(PACKAGE + "OnDemandCds")
                    .supported("source", "timeout")
                    .refused(
                            "resources_locator",
                            "xdstp:// names are not supported; clusters are asked for by their names"));

    private static final long DEFAULT_TIMEOUT_NANOS = 5_000_000_000L;

    static OnDemandConfig from(ConfigNode node, FilterContext context) {
        ConfigNode odcds = node.message("odcds");
        if (odcds == null) {
            return new OnDemandConfig(null, 0);
        }
        return new OnDemandConfig(
                context.service(OnDemandClusters.class)
                        .source(odcds.required("source"), context.service(Lifecycle.class)),
                Math.max(1, odcds.durationNanos("timeout", DEFAULT_TIMEOUT_NANOS)));
    }
}
