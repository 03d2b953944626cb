package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.OwnedScope;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.channel.EventLoop;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All clusters by name. Workers read an immutable map that is replaced as a whole; a request keeps the cluster that it got. What
 * changes the map runs on the main loop: a cluster that is added or changed warms up first, until its endpoints are known, and
 * the one of before serves meanwhile.
 */
public final class ClusterManager implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("upstream");

    private final ClusterContext context;
    private final Function<ConfigNode, ClusterConfig> translator;
    private final Counter added;
    private final Counter modified;
    private final Counter removed;
    private final Gauge activeGauge;
    private final Gauge warmingGauge;
    private final Map<String, Entry> active = new LinkedHashMap<>();
    private final Map<String, Entry> warming = new LinkedHashMap<>();
    private final List<Consumer<Cluster>> goneListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> changeListeners = new CopyOnWriteArrayList<>();
    private volatile Map<String, Cluster> clusters = Map.of();
    private volatile List<View> views = List.of();
    private volatile boolean closed;
    private final Set<Entry> initializing = new LinkedHashSet<>();
    private Runnable whenInitialized = () -> {};

    private @Nullable EventLoop loop;

    /**
     * A cluster as the admin server shows it.
     *
     * @param config its configuration as it was given, null when the process made it
     * @param version of the response that brought it, {@code ""} for a cluster of the bootstrap
     * @param dynamic whether it came by CDS
     * @param warming whether it does not serve yet
     */
    public record View(
            Cluster cluster,
            @Nullable ConfigNode config,
            String version,
            boolean dynamic,
            boolean warming,
            Instant updated) {}

    private static final class Entry {
        final Cluster cluster;
        final @Nullable ConfigNode config;
        final String version;
        final boolean dynamic;
        /** Whether it came by its name only: a response with all clusters may not know it. */
        final boolean onDemand;

        final Instant updated = Instant.now();

        Entry(Cluster cluster, @Nullable ConfigNode config, String version, boolean dynamic, boolean onDemand) {
            this.onDemand = onDemand;
            this.cluster = cluster;
            this.config = config;
            this.version = version;
            this.dynamic = dynamic;
        }

        View view(boolean warming) {
            return new View(cluster, config, version, dynamic, warming, updated);
        }

        void stop() {
            cluster.close();
        }
    }

    /**
     * A manager without clusters.
     *
     * @param translator of {@code envoy.config.cluster.v3.Cluster}
     */
    public ClusterManager(ClusterContext context, Function<ConfigNode, ClusterConfig> translator) {
        this.context = context;
        this.translator = translator;
        Scope scope = context.root().scope("cluster_manager.");
        added = scope.counter("cluster_added");
        modified = scope.counter("cluster_modified");
        removed = scope.counter("cluster_removed");
        for (String name : List.of(
                "cluster_updated",
                "cluster_updated_via_merge",
                "update_merge_cancelled",
                "update_out_of_merge_window")) {
            scope.counter(name);
        }
        activeGauge = scope.gauge("active_clusters");
        warmingGauge = scope.gauge("warming_clusters");
    }

    /**
     * Adds a cluster of the bootstrap, before the manager starts.
     *
     * @throws ConfigException when it can't be accepted
     */
    public void addStatic(ConfigNode node) {
        addStatic(translator.apply(node), node);
    }

    /** Adds a cluster of the bootstrap, before the manager starts. */
    public void addStatic(ClusterConfig config, @Nullable ConfigNode node) {
        if (active.containsKey(config.name())) {
            throw new ConfigException("cluster manager: duplicate cluster '" + config.name() + "'");
        }
        active.put(config.name(), new Entry(make(config, node), node, "", false, false));
        added.inc();
        publish();
    }

    private Cluster make(ClusterConfig config, @Nullable ConfigNode node) {
        if (node == null) {
            return new Cluster(config, context);
        }
        OwnedScope scope = Cluster.scope(config, context);
        try {
            Cluster made =
                    new Cluster(config, context, scope, ClusterTransports.from(node, scope, context.transports()));
            List<ConfigNode> filters = UpstreamHttpTranslator.filters(node);
            if (!filters.isEmpty()) {
                made.upstreamFilters(context.upstreamFilters(filters, scope));
            }
            return made;
        } catch (ConfigException e) {
            scope.close();
            throw e;
        }
    }

    /** The cluster of that name, or null. */
    public @Nullable Cluster get(String name) {
        return clusters.get(name);
    }

    /** The clusters that serve, in the order of the configuration. */
    public Collection<Cluster> all() {
        return clusters.values();
    }

    /** All clusters, those that warm up too. */
    public List<View> views() {
        return views;
    }

    /** Has {@code listener} told on the main loop of each cluster that was removed or replaced; requests may still use it. */
    public void onGone(Consumer<Cluster> listener) {
        goneListeners.add(listener);
    }

    /** Has {@code listener} run on the main loop whenever the clusters that serve have changed. */
    public void onChange(Runnable listener) {
        changeListeners.add(listener);
    }

    /** What the clusters have of the process. */
    public ClusterContext context() {
        return context;
    }

    /**
     * Starts to look for the endpoints of the bootstrap's clusters that can stand alone. Called once, on the main loop.
     *
     * @param ready runs when each cluster may be used
     */
    public void start(EventLoop mainLoop, Runnable ready) {
        this.loop = mainLoop;
        startAll(false, ready);
    }

    /** Starts those whose endpoints come through another cluster; {@code ready} runs when each may be used. Main loop only. */
    public void startSecondary(Runnable ready) {
        startAll(true, () -> {
            context.startDiscovery();
            ready.run();
        });
    }

    /** Runs {@code ready} when no cluster warms up any more; for the start of the process. */
    public void whenWarm(Runnable ready) {
        if (warming.isEmpty()) {
            LOG.info("cm init: all clusters initialized");
            ready.run();
        } else {
            initializing.addAll(warming.values());
            whenInitialized = () -> whenWarm(ready);
        }
    }

    private void initialized(Entry e) {
        if (initializing.remove(e) && initializing.isEmpty()) {
            whenInitialized.run();
        }
    }

    private void startAll(boolean secondary, Runnable ready) {
        List<Entry> those = new ArrayList<>();
        for (Entry e : active.values()) {
            if (e.cluster.config().discovery().secondary() == secondary) {
                those.add(e);
            }
        }
        Cluster.Countdown left = new Cluster.Countdown(those.size() + 1, ready);
        for (Entry e : those) {
            e.cluster.start(left::down);
        }
        left.down();
    }

    /**
     * Adds a cluster, or changes the one of that name. It serves as soon as its endpoints are known.
     *
     * @return false when there is nothing to do: the cluster is as it was, or it is one of the bootstrap's
     * @throws ConfigException when it can't be accepted
     */
    public boolean addOrUpdate(ConfigNode node, String version) {
        return addOrUpdate(node, version, false);
    }

    /**
     * The same for a cluster that is fetched by its name, which is not removed because a response with all clusters does not have it.
     *
     * @throws ConfigException when it can't be accepted
     */
    boolean addOrUpdate(ConfigNode node, String version, boolean onDemand) {
        String name = node.string("name");
        Entry now = active.get(name);
        Entry next = warming.get(name);
        Entry newest = next == null ? now : next;
        if (now != null && !now.dynamic || newest != null && same(newest, node)) {
            return false;
        }
        // Envoy counts before it looks: a cluster that is refused is counted, too.
        (newest == null ? added : modified).inc();
        Entry entry = new Entry(make(translator.apply(node), node), node, version, true, onDemand);
        LOG.debug("add/update cluster {} starting warming", name);
        warming.put(name, entry);
        publish();
        if (next != null) {
            next.stop();
            initialized(next);
        }
        entry.cluster.start(() -> warmed(name, entry));
        return true;
    }

    private static boolean same(Entry e, ConfigNode node) {
        return e.config != null && e.config.sameAs(node);
    }

    private void warmed(String name, Entry entry) {
        if (warming.get(name) != entry || closed) {
            return;
        }
        LOG.debug("warming cluster {} complete", name);
        warming.remove(name);
        Entry before = active.put(name, entry);
        publish();
        if (before != null) {
            gone(before, false);
        }
        initialized(entry);
    }

    /** Removes a cluster that came by CDS; whether there was one. Requests under way keep it until they end. */
    public boolean remove(String name) {
        Entry now = active.get(name);
        if (now != null && !now.dynamic) {
            return false;
        }
        Entry next = warming.remove(name);
        active.remove(name);
        if (now == null && next == null) {
            return false;
        }
        LOG.debug("removing cluster {}", name);
        removed.inc();
        publish();
        if (next != null) {
            next.stop();
            initialized(next);
        }
        if (now != null) {
            gone(now, true);
        }
        return true;
    }

    private void gone(Entry entry, boolean forGood) {
        entry.stop();
        goneListeners.forEach(l -> l.accept(entry.cluster));
        if (forGood) {
            LOG.debug("cluster {} is gone", entry.cluster.name());
        }
    }

    /** Names of the clusters that came by CDS. */
    public Set<String> dynamicNames() {
        Set<String> names = new LinkedHashSet<>();
        addDynamic(active, names);
        addDynamic(warming, names);
        return names;
    }

    private static void addDynamic(Map<String, Entry> entries, Set<String> to) {
        entries.forEach((name, e) -> {
            if (e.dynamic && !e.onDemand) {
                to.add(name);
            }
        });
    }

    /** Whether a cluster of that name is to serve as soon as its endpoints are known. Main loop only. */
    boolean isWarming(String name) {
        return warming.containsKey(name);
    }

    private void publish() {
        Map<String, Cluster> serving = new LinkedHashMap<>();
        List<View> shown = new ArrayList<>();
        active.forEach((name, e) -> {
            serving.put(name, e.cluster);
            shown.add(e.view(false));
        });
        warming.values().forEach(e -> shown.add(e.view(true)));
        clusters = serving;
        views = List.copyOf(shown);
        activeGauge.set(active.size());
        warmingGauge.set(warming.size());
        changeListeners.forEach(Runnable::run);
    }

    /** Ends the search for endpoints. */
    @Override
    public void close() {
        closed = true;
        EventLoop on = loop;
        if (on != null && !on.isShuttingDown()) {
            on.execute(() -> {
                active.values().forEach(Entry::stop);
                warming.values().forEach(Entry::stop);
            });
        }
    }
}
