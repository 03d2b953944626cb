package dev.mishap.proxy.server;

import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.function.Supplier;

/** What this process gives to the HTTP filters of a cluster. */
record ClusterFilters(
        Scope scope, Supplier<RuntimeSnapshot> runtime, Bootstrap.Node node, long randomSeed, Services services)
        implements FilterContext {
    @Override
    public String nodeId() {
        return node.id();
    }

    @Override
    public String nodeCluster() {
        return node.cluster();
    }

    @Override
    public <T> T service(Class<T> type) {
        return services.get(type);
    }
}
