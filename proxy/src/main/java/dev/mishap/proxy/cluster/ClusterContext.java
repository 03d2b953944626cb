package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.dns.DnsOptions;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.dns.cache.HostCache;
import dev.mishap.proxy.dns.cache.HostCacheConfig;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.transport.internal.InternalListeners;
import dev.mishap.proxy.xds.ConfigSources;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the process gives to its clusters. */
public interface ClusterContext {
    /** The scope without prefix. */
    Scope root();

    /** The loop that clusters change on; null only in tests, which call from the thread that would be it. */
    default @Nullable EventLoop loop() {
        return null;
    }

    /** How many workers there are, {@code --concurrency}. */
    default int workers() {
        return 1;
    }

    /** The runtime values of now. */
    default RuntimeSnapshot runtime() {
        return RuntimeSnapshot.EMPTY;
    }

    /** Where this process is, or null when nobody said. */
    default @Nullable Locality here() {
        return null;
    }

    /** {@code cluster_manager.local_cluster_name}: the cluster that this process is part of, or null when it is unknown. */
    default @Nullable Cluster localCluster() {
        return null;
    }

    /** A cluster of that name is made, with these faults of its connections and DNS questions. */
    default void faults(String cluster, ClusterFaults faults) {
        if (!faults.equals(ClusterFaults.NONE)) {
            throw new IllegalStateException("no rules");
        }
    }

    /** The bootstrap's clusters may be used: management servers can be asked from now on. */
    default void startDiscovery() {}

    /**
     * A resolver on {@link #loop} for a cluster. It belongs to the context.
     *
     * @param cluster for whom it asks
     */
    default Resolver resolver(DnsOptions options, String cluster) {
        throw new IllegalStateException("no resolver");
    }

    /**
     * The cache of that name, which is made when it is not there.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when it is there with another configuration
     */
    default HostCache hostCache(HostCacheConfig config) {
        throw new IllegalStateException("no resolver");
    }

    /** Where EDS clusters get their assignments from, or null when there is no such way. */
    default @Nullable ConfigSources sources() {
        return null;
    }

    /** The cluster of that name, or null: for clusters that are made of others. */
    default @Nullable Cluster cluster(String name) {
        return null;
    }

    /** {@code cluster_manager.upstream_bind_config}: of clusters that have none of their own; null when there is none. */
    default @Nullable BindConfig bind() {
        return null;
    }

    /** What transport sockets share, or null when there are none but plain bytes. */
    default @Nullable TransportContext transports() {
        return null;
    }

    /** Takes lines about outlier detection ({@code cluster_manager.outlier_detection.event_log_path}); null when nobody wants them. */
    default @Nullable Consumer<String> outlierLog() {
        return null;
    }

    /** What appends lines to a file; called while the configuration is read or applied. */
    default Consumer<String> eventLog(String path) {
        throw new IllegalStateException("no event logs");
    }

    /**
     * The HTTP filters that requests pass on the way to a cluster.
     *
     * @param scope the cluster's
     */
    default List<ChainFilter> upstreamFilters(List<ConfigNode> filters, Scope scope) {
        throw new IllegalStateException("no filters");
    }

    /** The listeners of this process that endpoints may be. */
    default InternalListeners internalListeners() {
        return InternalListeners.NONE;
    }

    /** Only stats: for tests. */
    static ClusterContext of(Scope root) {
        return () -> root;
    }
}
