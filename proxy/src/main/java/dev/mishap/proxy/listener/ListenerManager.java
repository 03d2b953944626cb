package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.network.ConnectionGate;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.InternalAddress;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.proxy.xds.Resource;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All listeners. One that is added or changed warms up first, until what its filters wait for is there; then it takes the
 * sockets of the one before it, whose connections drain. Where only filter chains differ, those that are the same stay, with
 * their connections, and only the others drain. Confined to the main loop once the workers are started; what others
 * read is published.
 */
public final class ListenerManager {
    private static final Logger LOG = LoggerFactory.getLogger("config");

    /** How connections of a listener that goes are ended. */
    public record Drain(long nanos, boolean immediate) {}

    /** Makes a listener's configuration. */
    @FunctionalInterface
    public interface Translator {
        /**
         * @param life where filters add what they wait for, and what ends with them
         * @param chains makes what each new filter chain has of its own
         * @param before the listener's configuration when only filter chains differ, of which those that are the same are taken; else null
         * @throws ConfigException when it can't be accepted
         */
        ListenerConfig translate(
                ConfigNode node, Lifecycle life, Supplier<ChainLife> chains, @Nullable ListenerConfig before);
    }

    /**
     * A listener as the admin server shows it.
     *
     * @param version of the response that brought it
     */
    public record State(ConfigNode config, String version, Instant updated) {}

    /** Why the last update of a listener was refused. */
    public record ErrorState(ConfigNode config, String details, Instant attempted) {}

    /** A listener by name, in all the states that it has at once. */
    public record View(
            String name,
            boolean dynamic,
            @Nullable State active,
            @Nullable State warming,
            @Nullable State draining,
            @Nullable ErrorState error) {}

    private final Transport transport;
    private final List<EventLoop> workers;
    private final Translator translator;
    private final DrainState process;
    private final ListenerDrains drains;
    private final ConnectionGate gate;
    private final Map<String, ManagedListener> active = new LinkedHashMap<>();
    private final Map<String, ManagedListener> warming = new LinkedHashMap<>();
    /** Of the last update, by name. */
    private final Map<String, ErrorState> errors = new LinkedHashMap<>();

    private volatile List<Listener> listeners = List.of();
    private volatile List<Listener> all = List.of();
    private volatile List<View> views = List.of();
    private boolean workersStarted;
    private @Nullable InitManager serverInit;

    private final Counter added;
    private final Counter modified;
    private final Counter inPlace;
    private final Counter removed;
    private final Counter stopped;
    private final Counter createSuccess;
    private final Counter createFailure;
    private final Gauge activeGauge;
    private final Gauge warmingGauge;
    private final Gauge startedGauge;

    /**
     * A manager without listeners.
     *
     * @param root scope without prefix
     * @param process the drain state of the whole process, which each listener's own asks too
     */
    public ListenerManager(
            Transport transport,
            List<EventLoop> workers,
            Supplier<EventLoop> mainLoop,
            Translator translator,
            Scope root,
            DrainState process,
            Drain drain,
            ConnectionGate gate) {
        this.transport = transport;
        this.gate = gate;
        this.workers = List.copyOf(workers);
        this.translator = translator;
        this.process = process;
        Scope scope = root.scope("listener_manager.");
        drains = new ListenerDrains(mainLoop, drain, scope, this::publish);
        added = scope.counter("listener_added");
        modified = scope.counter("listener_modified");
        inPlace = scope.counter("listener_in_place_updated");
        removed = scope.counter("listener_removed");
        stopped = scope.counter("listener_stopped");
        createSuccess = scope.counter("listener_create_success");
        createFailure = scope.counter("listener_create_failure");
        activeGauge = scope.gauge("total_listeners_active");
        warmingGauge = scope.gauge("total_listeners_warming");
        startedGauge = scope.gauge("workers_started");
        scope.gauge("workers_pinned");
    }

    /**
     * Adds a listener of the bootstrap, before the workers start.
     *
     * @throws ConfigException when it can't be accepted
     */
    public void addStatic(ConfigNode node) {
        String name = node.string("name");
        if (active.containsKey(name)) {
            // As Envoy has it, the first one stays, and nobody looks at the other.
            LOG.warn("listener '{}' is in the bootstrap more than once; the first one counts", name);
            return;
        }
        ManagedListener entry = make(name, node, "", false, null);
        checkAddress(entry);
        if (active.containsKey(entry.name)) {
            throw new ConfigException("error adding listener: '" + entry.name + "' has duplicate address '" + entry.name
                    + "' as existing listener; neither has a name");
        }
        active.put(entry.name, entry);
        added.inc();
        publish();
    }

    /** @param before the listener that it is an update in place of, or null */
    private ManagedListener make(
            String name, ConfigNode node, String version, boolean dynamic, @Nullable Listener before) {
        boolean modifyOnly = node.enumName("drain_type").equals("MODIFY_ONLY");
        List<ChainLife> chains = new ArrayList<>();
        Lifecycle life = new Lifecycle(new InitManager("Listener-local-init-manager " + name));
        ListenerConfig config;
        try {
            config = translator.translate(
                    node,
                    life,
                    () -> {
                        ChainLife chain =
                                new ChainLife(new Lifecycle(life.init()), new DrainState(process, modifyOnly));
                        chains.add(chain);
                        return chain;
                    },
                    before == null ? null : before.config());
        } catch (ConfigException e) {
            life.end();
            chains.forEach(c -> c.life().end());
            throw e;
        }
        return new ManagedListener(
                name.isEmpty() ? config.name() : name,
                node,
                version,
                dynamic,
                new Listener(config, transport, workers, gate, this::active, before),
                life,
                chains,
                before != null);
    }

    /** Has the server wait for what the listeners of now, and those that come until the workers start, wait for. */
    public void initializeWith(InitManager server) {
        serverInit = server;
        active.values().forEach(e -> server.add(e.target()));
    }

    /** An update begins: what was wrong with the one before is forgotten. */
    public void beginUpdate() {
        errors.clear();
    }

    /**
     * Adds a listener, or changes the one of that name.
     *
     * @return false when there is nothing to do: the listener is as it was, or it is one of the bootstrap's
     * @throws ConfigException when it can't be accepted
     */
    public boolean addOrUpdate(Resource resource, String version) {
        ConfigNode node = resource.unchecked();
        String name = resource.name().isEmpty() ? UUID.randomUUID().toString() : resource.name();
        ManagedListener now = active.get(name);
        ManagedListener next = warming.get(name);
        ManagedListener newest = next == null ? now : next;
        if (now != null && !now.dynamic || newest != null && newest.node.sameAs(node)) {
            LOG.debug("duplicate/locked listener '{}'. no add/update", name);
            return false;
        }
        ManagedListener entry;
        try {
            ManagedListener inPlaceOf =
                    now != null && workersStarted && onlyFilterChainsDiffer(now.node, node) ? now : null;
            // The version shown stays that of the first, as Envoy has it.
            entry = inPlaceOf == null
                    ? make(name, resource.config(), version, true, null)
                    : make(name, resource.config(), inPlaceOf.version, true, inPlaceOf.listener);
            try {
                checkAddress(entry);
                if (now == null || !now.sharesSockets(entry)) {
                    ListenSockets.probe(entry.listener.config());
                }
            } catch (ConfigException | Listener.BindException e) {
                entry.discard();
                throw e;
            }
        } catch (ConfigException | Listener.BindException e) {
            errors.put(name, new ErrorState(node, String.valueOf(e.getMessage()), Instant.now()));
            publish();
            throw e instanceof ConfigException c ? c : new ConfigException(String.valueOf(e.getMessage()));
        }
        if (next != null) {
            next.discard();
            warming.remove(name);
        }
        (newest == null ? added : modified).inc();
        if (entry.inPlace) {
            inPlace.inc();
        }
        if (!workersStarted) {
            // nothing serves yet: what it waits for, the workers wait for
            if (now != null) {
                drain(now);
            }
            active.put(name, entry);
            publish();
            InitManager server = serverInit;
            if (server != null) {
                server.add(entry.target());
            }
            return true;
        }
        warming.put(name, entry);
        publish();
        entry.life.init().initialize(() -> warmed(entry));
        return true;
    }

    private static boolean onlyFilterChainsDiffer(ConfigNode a, ConfigNode b) {
        return a.sameExcept(b, Set.of("filter_chains", "default_filter_chain"));
    }

    private void checkAddress(ManagedListener entry) {
        for (ManagedListener other : active.values()) {
            if (!other.name.equals(entry.name) && entry.clashesWith(other)) {
                throw new ConfigException("error adding listener: '" + entry.name + "' has duplicate address '"
                        + entry.listener.config().sockets().addresses().stream()
                                .map(place -> ListenerAddress.text(place.address()))
                                .collect(Collectors.joining(","))
                        + "' as existing listener, to check if the listener has duplicated"
                        + " addresses with other listeners or 'enable_reuse_port' is set to 'false' for the listener");
            }
        }
    }

    private void warmed(ManagedListener entry) {
        if (warming.get(entry.name) != entry) {
            return;
        }
        warming.remove(entry.name);
        ManagedListener before = active.get(entry.name);
        try {
            if (before != null && before.listener.isListening() && before.sharesSockets(entry)) {
                entry.listener.takeSockets(before.listener);
            } else {
                entry.listener.bind();
            }
            createSuccess.add(workers.size());
        } catch (Listener.BindException e) {
            createFailure.inc();
            LOG.error("{}", e.getMessage());
            entry.discard();
            errors.put(entry.name, new ErrorState(entry.node, String.valueOf(e.getMessage()), Instant.now()));
            publish();
            return;
        }
        active.put(entry.name, entry);
        if (before != null && entry.inPlace) {
            drains.drainGone(before, entry);
        } else if (before != null) {
            drain(before);
        }
        publish();
    }

    /** Removes a listener that came by LDS: it takes no more connections, and those that it has drain. Whether there was one. */
    public boolean remove(String name) {
        ManagedListener now = active.get(name);
        ManagedListener next = warming.get(name);
        if (now == null && next == null || now != null && !now.dynamic) {
            LOG.debug("unknown/locked listener '{}'. no remove", name);
            return false;
        }
        if (next != null) {
            next.discard();
            warming.remove(name);
        }
        if (now != null) {
            active.remove(name);
            drain(now);
        }
        removed.inc();
        publish();
        return true;
    }

    private void drain(ManagedListener entry) {
        entry.life.init().cancel();
        entry.listener.close();
        if (workersStarted) {
            drains.drain(entry);
        } else {
            entry.discard();
        }
    }

    /** Begins to take connections: every listener binds. Blocks until all are bound. */
    public void startWorkers() {
        for (ManagedListener e : active.values()) {
            e.listener.bind();
            createSuccess.add(workers.size());
        }
        workersStarted = true;
        startedGauge.set(1);
        publish();
    }

    /** Who takes connections on {@code loop} to the internal listener of that name; null when nobody does. */
    public @Nullable Consumer<Channel> internal(String name, EventLoop loop) {
        for (Listener l : listeners) {
            if (l.config().address() instanceof InternalAddress at
                    && at.listener().equals(name)
                    && l.isListening()
                    && l.serves(loop)) {
                return l::accepted;
            }
        }
        return null;
    }

    /** Stops listening, for {@code /drain_listeners}; connections go on. */
    public void stop(boolean inboundOnly) {
        for (ManagedListener e : active.values()) {
            boolean inbound = e.node.enumName("traffic_direction").equals("INBOUND");
            if (e.listener.isListening() && (inbound || !inboundOnly)) {
                e.listener.close();
                activeGauge.dec();
                stopped.inc();
            }
        }
    }

    /** Names of the listeners that came by LDS. */
    public Set<String> dynamicNames() {
        Set<String> names = new LinkedHashSet<>();
        active.values().stream().filter(e -> e.dynamic).forEach(e -> names.add(e.name));
        names.addAll(warming.keySet());
        return names;
    }

    private void publish() {
        List<Listener> serving = new ArrayList<>();
        active.values().forEach(e -> serving.add(e.listener));
        List<Listener> every = new ArrayList<>(serving);
        drains.now().forEach(e -> every.add(e.listener));
        listeners = List.copyOf(serving);
        all = List.copyOf(every);
        views = List.copyOf(makeViews());
        activeGauge.set(active.size());
        warmingGauge.set(warming.size());
    }

    private List<View> makeViews() {
        Set<String> names = new LinkedHashSet<>(active.keySet());
        names.addAll(warming.keySet());
        drains.now().forEach(e -> names.add(e.name));
        names.addAll(errors.keySet());
        List<View> made = new ArrayList<>();
        for (String name : names) {
            ManagedListener now = active.get(name);
            ManagedListener next = warming.get(name);
            ManagedListener last = null;
            for (ManagedListener e : drains.now()) {
                last = e.name.equals(name) ? e : last;
            }
            made.add(new View(
                    name,
                    now == null || now.dynamic,
                    now == null ? null : now.state(),
                    next == null ? null : next.state(),
                    last == null ? null : last.state(),
                    errors.get(name)));
        }
        // Envoy shows each failure of the last update once more, without a name.
        errors.values().forEach(e -> made.add(new View("", true, null, null, null, e)));
        return made;
    }

    /** What listeners that warm up wait for. Main loop only. */
    public List<InitManager> warmingUp() {
        return warming.values().stream().map(e -> e.life.init()).toList();
    }

    /** The listeners that are in use. */
    public List<Listener> active() {
        return listeners;
    }

    /** Those in use and those that drain. */
    public List<Listener> all() {
        return all;
    }

    /** Connections that are open, of all listeners. */
    public long connections() {
        long open = 0;
        for (Listener l : all) {
            open += l.connections();
        }
        return open;
    }

    public List<View> views() {
        return views;
    }
}
