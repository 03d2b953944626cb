package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.cluster.VirtualClusterStats;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.route.RouteContext;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Route tables of a connection manager: {@code typed_per_filter_config} is parsed by the filters of {@code HttpFilters}. */
public final class FilterRouteContext implements RouteContext {
    private final FilterContext filters;
    private final Predicate<String> clusters;
    private final boolean validateClusters;
    private final LongSupplier random;

    /**
     * A context.
     *
     * @param filters what per-route configurations may reach
     * @param clusters whether a cluster of that name exists
     * @param validateClusters whether an unknown cluster is an error unless the table says otherwise: true for a static table
     * @param random where draws come from, on any thread
     */
    public FilterRouteContext(
            FilterContext filters, Predicate<String> clusters, boolean validateClusters, RandomSource random) {
        this.filters = filters;
        this.clusters = clusters;
        this.validateClusters = validateClusters;
        this.random = random::next;
    }

    @Override
    public boolean hasCluster(String name) {
        return clusters.test(name);
    }

    @Override
    public boolean validateClusters() {
        return validateClusters;
    }

    @Override
    public String nodeCluster() {
        return filters.nodeCluster();
    }

    @Override
    public void virtualCluster(String statPrefix) {
        new VirtualClusterStats(filters.service(StatsStore.class).scope(statPrefix));
    }

    @Override
    public LongSupplier random() {
        return random;
    }

    @Override
    public @Nullable Object perFilterConfig(String filterName, ConfigNode config, boolean optional) {
        HttpFilterExtension extension = HttpFilters.byPerRouteType(config.messageName());
        if (extension == null) {
            if (optional) {
                return null;
            }
            throw new ConfigException("Didn't find a registered implementation for '" + filterName
                    + "' with type URL: '" + config.messageName() + "'");
        }
        Object parsed = extension.parsePerRoute(config, filters);
        if (parsed == null) {
            throw new ConfigException(
                    "The filter " + filterName + " doesn't support virtual host or route specific configurations");
        }
        return parsed;
    }
}
