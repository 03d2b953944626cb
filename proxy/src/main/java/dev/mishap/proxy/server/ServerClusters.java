package dev.mishap.proxy.server;

import dev.mishap.proxy.cluster.BindConfig;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterContext;
import dev.mishap.proxy.cluster.ClusterFaults;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.config.BindTranslator;
import dev.mishap.proxy.cluster.discovery.DnsFields;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.dns.DnsOptions;
import dev.mishap.proxy.dns.NettyResolver;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.dns.cache.HostCache;
import dev.mishap.proxy.dns.cache.HostCacheConfig;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.UpstreamFilterChains;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.rules.ClusterRules;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.rules.RuledResolver;
import dev.mishap.proxy.runtime.RuntimeLoader;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.transport.internal.InternalListeners;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.ExtensionConfigs;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What this process gives to its clusters. Resolvers are made when a cluster first asks for one; they belong to the main loop. */
final class ServerClusters implements ClusterContext, AutoCloseable {
    private final Scope root;
    private final TransportContext transports;
    private final EventLoop loop;
    private final int workers;
    private final RuntimeLoader runtime;
    private final @Nullable Locality here;
    private final Map<DnsOptions, Resolver> resolvers = new HashMap<>();
    private final Map<String, HostCache> hostCaches = new HashMap<>();
    private final LogFiles logs;
    private final RuleStore rules;
    private final ClusterRules clusterRules;
    private final InternalListeners internalListeners;
    private final @Nullable Consumer<String> outlierLog;
    private final String localCluster;
    private final @Nullable BindConfig bind;
    private final DnsOptions byDefault;
    private volatile @Nullable Function<Scope, FilterContext> filterContexts;
    private volatile @Nullable ConfigSources sources;
    private volatile @Nullable FollowedClusterRules followed;
    private volatile @Nullable ClusterManager clusters;

    ServerClusters(
            Scope root,
            EventLoop loop,
            int workers,
            RuntimeLoader runtime,
            Bootstrap bootstrap,
            LogFiles logs,
            TransportContext transports,
            RuleStore rules,
            InternalListeners internalListeners) {
        this.internalListeners = internalListeners;
        this.transports = transports;
        this.rules = rules;
        this.clusterRules = new ClusterRules(rules.places());
        this.workers = workers;
        this.logs = logs;
        String path = outlierLogPath(bootstrap.config());
        this.outlierLog = path.isEmpty() ? null : eventLog(path);
        this.root = root;
        this.loop = loop;
        this.runtime = runtime;
        Bootstrap.Node node = bootstrap.node();
        ConfigNode manager = bootstrap.config().message("cluster_manager");
        this.bind = BindTranslator.from(manager, "Bootstrap");
        this.byDefault = DnsFields.options(bootstrap.config());
        this.localCluster = manager == null ? "" : manager.string("local_cluster_name");
        Locality place = new Locality(node.region(), node.zone(), node.subZone());
        this.here = place.equals(Locality.NONE) ? null : place;
    }

    private static String outlierLogPath(ConfigNode bootstrap) {
        ConfigNode manager = bootstrap.message("cluster_manager");
        ConfigNode outliers = manager == null ? null : manager.message("outlier_detection");
        return outliers == null ? "" : outliers.string("event_log_path");
    }

    @Override
    public @Nullable Consumer<String> outlierLog() {
        return outlierLog;
    }

    @Override
    public @Nullable BindConfig bind() {
        return bind;
    }

    @Override
    public Consumer<String> eventLog(String path) {
        return logs.open(path)::line;
    }

    @Override
    public Scope root() {
        return root;
    }

    @Override
    public TransportContext transports() {
        return transports;
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public int workers() {
        return workers;
    }

    @Override
    public RuntimeSnapshot runtime() {
        return runtime.get();
    }

    @Override
    public @Nullable Locality here() {
        return here;
    }

    @Override
    public synchronized Resolver resolver(DnsOptions options, String cluster) {
        DnsOptions used = options.isGiven() ? options : byDefault;
        Resolver resolver = resolvers.computeIfAbsent(used, o -> new NettyResolver(loop, o));
        Resolver own = new RuledResolver(clusterRules.of(cluster), resolver, loop, cluster, used.timeoutMillis(), root);
        return new RuledResolver(rules, own, loop, cluster, used.timeoutMillis(), root);
    }

    @Override
    public synchronized HostCache hostCache(HostCacheConfig config) {
        HostCache cache = hostCaches.get(config.name());
        if (cache == null) {
            cache = new HostCache(config, resolver(config.resolver(), config.name()), loop, root);
            hostCaches.put(config.name(), cache);
        } else if (!cache.config().equals(config)) {
            throw new ConfigException("config specified DNS cache '" + config.name() + "' with different settings");
        }
        return cache;
    }

    @Override
    public void faults(String cluster, ClusterFaults faults) {
        followedRules().put(cluster, faults);
    }

    @Override
    public void startDiscovery() {
        followedRules().begin();
    }

    /** The rules that clusters have by their configurations. */
    ClusterRules clusterRules() {
        return clusterRules;
    }

    @Override
    public @Nullable ConfigSources sources() {
        return sources;
    }

    @Override
    public @Nullable Cluster cluster(String name) {
        ClusterManager all = clusters;
        return all == null ? null : all.get(name);
    }

    @Override
    public @Nullable Cluster localCluster() {
        return localCluster.isEmpty() ? null : cluster(localCluster);
    }

    /** Whose configurations bring rules, and more of them by discovery. */
    FollowedClusterRules followedRules() {
        FollowedClusterRules all = followed;
        if (all == null) {
            throw new IllegalStateException("a cluster was made before its context was");
        }
        return all;
    }

    @Override
    public List<ChainFilter> upstreamFilters(List<ConfigNode> filters, Scope scope) {
        Function<Scope, FilterContext> context = filterContexts;
        if (context == null) {
            throw new IllegalStateException("a cluster was made before its context was");
        }
        FilterContext own = context.apply(scope);
        return own.service(UpstreamFilterChains.class).parse(filters, "upstream http", own);
    }

    @Override
    public InternalListeners internalListeners() {
        return internalListeners;
    }

    /** Sets what is made after this; before the first cluster is. */
    void connect(
            ClusterManager manager,
            ConfigSources from,
            ExtensionConfigs extensions,
            Function<Scope, FilterContext> filters) {
        filterContexts = filters;
        clusters = manager;
        sources = from;
        followed = new FollowedClusterRules(clusterRules, extensions);
    }

    @Override
    public synchronized void close() {
        resolvers.values().forEach(Resolver::close);
    }
}
