package dev.mishap.proxy.cluster;

import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.observe.stats.OwnedScope;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.UpstreamTransport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A cluster at work: its configuration, its endpoints of now, its circuit breakers and stats. Shared by all loops; what changes
 * is changed on the main loop ({@link ClusterContext#loop}).
 *
 * <p>There are two views of the endpoints: {@link #members}, which is current, and {@link #endpoints}, which requests go by and
 * which may lag by the {@code update_merge_window} when only health, weights or metadata changed.
 */
public final class Cluster {
    private final ClusterConfig config;
    private final ClusterContext context;
    private final ClusterStats stats;
    private final String maintenanceKey;
    private final ResourceLimits defaultLimits;
    private final ResourceLimits highLimits;
    private final OwnedScope scope;
    private final ClusterTransports transports;
    private final UpdateMerger merger;
    private final EndpointSource source;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final List<Consumer<Change>> memberListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> stops = new ArrayList<>();
    private EndpointSet members;
    private volatile EndpointSet endpoints;
    private List<ChainFilter> upstreamFilters = List.of();
    private boolean countsTransports = true;
    private volatile boolean closed;
    private volatile @Nullable OutlierView outlierView;

    /**
     * Who came and went.
     *
     * @param added endpoints that were not there before
     * @param removed endpoints that are no longer there
     */
    public record Change(List<Endpoint> added, List<Endpoint> removed) {}

    /** A cluster whose stats are {@code cluster.<stat name>.*}; one that need not ask anybody has its endpoints at once. */
    public Cluster(ClusterConfig config, ClusterContext context) {
        this(config, context, scope(config, context));
    }

    private Cluster(ClusterConfig config, ClusterContext context, OwnedScope scope) {
        this(config, context, scope, ClusterTransports.plain(scope));
    }

    /**
     * A cluster whose connections have {@code transports}.
     *
     * @param scope {@code cluster.<stat name>.}; goes with the cluster
     */
    Cluster(ClusterConfig config, ClusterContext context, OwnedScope scope, ClusterTransports transports) {
        this.scope = scope;
        this.config = config;
        this.context = context;
        this.transports = transports;
        this.maintenanceKey = "upstream.maintenance_mode." + config.name();
        stats = new ClusterStats(scope);
        if (config.timeoutBudgets()) {
            stats.trackTimeoutBudgets();
        }
        if (config.sizes()) {
            stats.trackSizes();
        }
        defaultLimits = limits(RequestPriority.DEFAULT, config.defaultLimits(), scope);
        highLimits = limits(RequestPriority.HIGH, config.highLimits(), scope);
        merger = new UpdateMerger(this, context);
        members = EndpointSet.EMPTY;
        endpoints = EndpointSet.EMPTY;
        context.faults(config.name(), config.faults());
        source = config.discovery().open(this);
    }

    /** A cluster that only counts, for tests. */
    public Cluster(ClusterConfig config, Scope root) {
        this(config, ClusterContext.of(root));
    }

    static OwnedScope scope(ClusterConfig config, ClusterContext context) {
        return context.root().owned("cluster." + config.statName() + ".");
    }

    /** What connections to {@code endpoint} have between their socket and their protocol; null for plain bytes. */
    public @Nullable UpstreamTransport transport(Endpoint endpoint) {
        return transports.of(endpoint);
    }

    /** A cluster whose connections are made as this one's, which counts for itself. */
    public Cluster beside(ClusterConfig other, ClusterContext itsContext) {
        Cluster made = new Cluster(other, itsContext, scope(other, itsContext), transports);
        made.countsTransports = false;
        return made;
    }

    private ResourceLimits limits(RequestPriority priority, CircuitBreakerConfig limits, Scope scope) {
        return new ResourceLimits(
                limits,
                scope.scope("circuit_breakers." + priority.text() + "."),
                context::runtime,
                "circuit_breakers." + config.name() + "." + priority.text() + ".");
    }

    public ClusterConfig config() {
        return config;
    }

    public ClusterContext context() {
        return context;
    }

    public String name() {
        return config.name();
    }

    /** Runtime key of the share of requests that are answered {@code maintenance mode} instead of being forwarded. */
    public String maintenanceKey() {
        return maintenanceKey;
    }

    public ClusterStats stats() {
        return stats;
    }

    public ResourceLimits limits(RequestPriority priority) {
        return priority == RequestPriority.HIGH ? highLimits : defaultLimits;
    }

    /** What outlier detection finds; null when there is none. */
    public @Nullable OutlierView outlierView() {
        return outlierView;
    }

    public void outlierView(OutlierView view) {
        outlierView = view;
    }

    /** The filters that requests pass between the router and their connections. */
    public List<ChainFilter> upstreamFilters() {
        return upstreamFilters;
    }

    /** Before the first request. */
    void upstreamFilters(List<ChainFilter> filters) {
        upstreamFilters = List.copyOf(filters);
    }

    /** What keeps the endpoints current; a balancer that came along with it may need it. */
    public EndpointSource source() {
        return source;
    }

    // ---- endpoints ----

    /** The endpoints that requests go by. */
    public EndpointSet endpoints() {
        return endpoints;
    }

    /** The endpoints as they are known, which may be ahead of {@link #endpoints}. Main loop only. */
    public EndpointSet members() {
        return members;
    }

    /** Replaces the endpoints. Main loop only. */
    public void update(List<EndpointGroup> groups, LoadAssignment.Policy policy) {
        EndpointSet before = members;
        List<Endpoint> all = new ArrayList<>();
        groups.forEach(g -> all.addAll(g.endpoints()));
        Set<Endpoint> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        kept.addAll(all);
        List<Endpoint> added = all.stream().filter(e -> !before.contains(e)).toList();
        List<Endpoint> removed =
                before.all().stream().filter(e -> !kept.contains(e)).toList();
        for (Endpoint e : added) {
            e.cluster(this);
            if (countsTransports) {
                transports.count(e);
            }
        }
        if (!added.isEmpty() || !removed.isEmpty()) {
            stats.membershipChange.inc();
            // Before the set is made: an endpoint that is not checked yet starts with a flag of its checker's.
            Change change = new Change(added, removed);
            memberListeners.forEach(l -> l.accept(change));
        }
        members = new EndpointSet(groups, policy, context.here());
        gauges();
        merger.changed(added.isEmpty() && removed.isEmpty());
    }

    /** To be called after flags, weights or metadata of endpoints changed. Main loop only. */
    public void healthChanged() {
        if (source.healthChanged()) {
            return;
        }
        members = members.refreshed();
        gauges();
        merger.changed(true);
    }

    private void gauges() {
        stats.membershipTotal.set(members.all().size());
        stats.membershipHealthy.set(members.healthyCount());
        stats.membershipDegraded.set(members.degradedCount());
        stats.membershipExcluded.set(members.excludedCount());
    }

    /** Lets requests see what the main loop sees. */
    void publish() {
        EndpointSet next = members;
        next.prepared(config.lb().prepare(this, next));
        endpoints = next;
        listeners.forEach(Runnable::run);
    }

    /** Has {@code listener} run after each change of {@link #endpoints}, on the main loop. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** Has {@code listener} told who came and went, before requests see it. Main loop only. */
    public void onMembers(Consumer<Change> listener) {
        memberListeners.add(listener);
    }

    // ---- life ----

    /** Begins to find endpoints and to look after them; {@code initialized} is run once, when requests may come. Main loop only. */
    void start(Runnable initialized) {
        stops.add(source::stop);
        source.start(() -> transports.secrets().initialize(() -> startFeatures(initialized)));
    }

    private void startFeatures(Runnable initialized) {
        if (closed) {
            return;
        }
        Countdown left = new Countdown(config.features().size() + 1, () -> {
            merger.inUse();
            initialized.run();
        });
        for (ClusterFeature feature : config.features()) {
            stops.add(feature.start(this, left::down));
        }
        left.down();
    }

    /** Ends what {@link #start} began. Connections are drained by those who hold them, who listen. Main loop only. */
    void close() {
        if (!closed) {
            closed = true;
            merger.stop();
            stops.forEach(Runnable::run);
            if (countsTransports) {
                transports.end();
            }
            scope.close();
        }
    }

    /** Whether the cluster was removed. */
    public boolean isClosed() {
        return closed;
    }

    /** Runs an action at the last of several calls. */
    static final class Countdown {
        private int left;
        private final Runnable action;

        Countdown(int left, Runnable action) {
            this.left = left;
            this.action = action;
        }

        void down() {
            if (--left == 0) {
                action.run();
            }
        }
    }
}
