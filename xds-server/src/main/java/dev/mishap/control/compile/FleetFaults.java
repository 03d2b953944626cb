package dev.mishap.control.compile;

import dev.mishap.control.base.Base;
import dev.mishap.control.base.BaseConfig;
import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.xds.ConnectedStream;
import dev.mishap.control.xds.Fleet;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Peer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewProvider;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The faults of a fleet: which rules each node has, and what they come to there. One rule that changes costs the nodes that it is for;
 * nodes that are alike share one plan.
 *
 * <p>Safe for many threads. A plan is made under the lock of its node, from the newest rules: whoever comes second, the node that
 * connects or the rule that changes, sees the other.
 */
public final class FleetFaults implements ViewProvider, Fleet.Listener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FleetFaults.class);
    private static final int MAX_PLANS = 4096;
    private static final long SWEEP_SECONDS = 15;
    private static final long FORGET_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final BaseConfig bases;
    private final Planner planner;
    private final InstantSource clock;
    private final ScheduledThreadPoolExecutor executor;
    private final Map<NodeInfo, FleetNode> nodes = new ConcurrentHashMap<>();
    private final Map<String, Set<FleetNode>> byService = new ConcurrentHashMap<>();
    private final Map<Base, BaseShape> shapes = new ConcurrentHashMap<>();
    private final Map<Base, Runnable> watched = new ConcurrentHashMap<>();
    private volatile RuleTable rules = RuleTable.EMPTY;
    /** What changed and was not taken yet; locked by itself. */
    private final Map<String, @Nullable ActiveRule> soon = new HashMap<>();

    private volatile boolean stopped;
    private volatile boolean closing;
    private volatile @Nullable Pass lastPass;
    private volatile @Nullable Fleet fleet;
    private @Nullable ScheduledFuture<?> ticking;
    private @Nullable ScheduledFuture<?> ending;

    /**
     * Makes the faults of a fleet that has none yet.
     *
     * @param timeToLive how long a fault outlives this server on an Envoy
     * @param clock of schedules and ramps
     */
    public FleetFaults(BaseConfig bases, Duration timeToLive, InstantSource clock) {
        this(bases, timeToLive, FaultFilters.PER_LISTENER, clock);
    }

    /** @param filters how many fault filters a listener gets that has none */
    public FleetFaults(BaseConfig bases, Duration timeToLive, int filters, InstantSource clock) {
        this.bases = bases;
        this.planner = new Planner(timeToLive, bases.mayInsert(), filters);
        this.clock = clock;
        executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "fault-compiler");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.scheduleWithFixedDelay(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
    }

    /** Whose streams tell which nodes are there; nodes without one are forgotten after a while. */
    public void follow(Fleet connected) {
        fleet = connected;
        connected.addListener(this);
    }

    @Override
    public ResourceView viewOf(NodeInfo node, Peer peer) {
        FleetNode known = nodes.compute(node, (info, before) -> {
            FleetNode of = before == null ? newNode(info) : before;
            of.idleSinceNanos = 0; // its stream is not in the fleet yet
            return of;
        });
        replan(known, pass());
        return known.view;
    }

    private FleetNode newNode(NodeInfo info) {
        Base base = bases.of(info);
        watched.computeIfAbsent(base, b -> {
            Runnable listener = () -> baseChanged(b);
            b.onChange(listener);
            return listener;
        });
        FleetNode node = new FleetNode(info, base);
        byService.compute(serviceKey(node), (key, some) -> {
            Set<FleetNode> all = some == null ? ConcurrentHashMap.newKeySet() : some;
            all.add(node);
            return all;
        });
        return node;
    }

    private static String serviceKey(FleetNode node) {
        return node.namespace + '/' + node.info.cluster();
    }

    private void baseChanged(Base base) {
        shapes.remove(base);
        executor.execute(() -> {
            Pass pass = new Pass();
            nodes.values().stream().filter(node -> node.base == base).forEach(node -> replanOrKeep(node, pass));
        });
    }

    /**
     * Takes rules that came, went or changed. Returns when every node that is connected has been given what follows.
     *
     * @param changed by {@link ActiveRule#key}; null = gone
     */
    public synchronized void update(Map<String, @Nullable ActiveRule> changed) {
        RuleTable before = rules;
        RuleTable after = before.with(changed);
        rules = after;
        Set<FleetNode> concerned = new HashSet<>();
        for (String key : changed.keySet()) {
            concern(before.get(key), concerned);
            concern(after.get(key), concerned);
        }
        replanAll(concerned);
        tickWhileNeeded();
        endNext();
    }

    /** As {@link #update}, on the compiler's thread and later. */
    public void updateSoon(Map<String, @Nullable ActiveRule> changed) {
        synchronized (soon) {
            boolean first = soon.isEmpty();
            soon.putAll(changed);
            if (!first || soon.isEmpty()) {
                return;
            }
        }
        executor.execute(this::updateNow);
    }

    /** All that has come since the last time: an update costs what there are of rules, however many of them have changed. */
    private void updateNow() {
        Map<String, @Nullable ActiveRule> changed;
        synchronized (soon) {
            changed = new HashMap<>(soon);
            soon.clear();
        }
        update(changed);
    }

    /** As {@link #stopAll}, likewise. */
    public void stopAllSoon(boolean stop) {
        executor.execute(() -> stopAll(stop));
    }

    /** Comes back when the next rule is over. */
    private void endNext() {
        ScheduledFuture<?> timer = ending;
        if (timer != null) {
            timer.cancel(false);
        }
        long now = clock.millis();
        ending = rules.all().stream()
                .map(ActiveRule::until)
                .filter(until -> until != null && until.toEpochMilli() > now)
                .min(Comparator.naturalOrder())
                .map(until -> executor.schedule(this::end, until.toEpochMilli() - now + 1, TimeUnit.MILLISECONDS))
                .orElse(null);
    }

    private synchronized void end() {
        long now = clock.millis();
        Set<FleetNode> concerned = new HashSet<>();
        rules.all().stream().filter(rule -> rule.over(now)).forEach(rule -> concern(rule, concerned));
        replanAll(concerned);
        endNext();
    }

    /** Ends all faults, whatever the rules say, or lets the rules act again. */
    public synchronized void stopAll(boolean stop) {
        if (stopped != stop) {
            stopped = stop;
            replanAll(Set.copyOf(nodes.values()));
        }
    }

    /**
     * The last that this server does for nodes whose faults nothing else ends, gRPC clients above all: takes the faults from them, and waits
     * until they have taken that. Others keep theirs for as long as a time to live lasts, and so do not notice a quick restart.
     */
    public void farewell(Duration atMost) {
        Fleet connected = fleet;
        if (connected == null) {
            return;
        }
        List<FleetNode> helpless = nodes.values().stream()
                .filter(node -> !node.capabilities.endsByItself()
                        && !node.plan().resources().isEmpty())
                .toList();
        if (helpless.isEmpty()) {
            return;
        }
        List<ConnectedStream> streams = helpless.stream()
                .flatMap(node -> connected.streams(node.info.id()).stream())
                .toList();
        try (Farewell farewell = new Farewell(connected, streams)) {
            synchronized (this) {
                closing = true;
                replanAll(Set.copyOf(helpless));
            }
            long left = farewell.await(atMost);
            if (left > 0) {
                LOG.warn("{} clients have not taken routes without faults before the end", left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void concern(@Nullable ActiveRule rule, Set<FleetNode> into) {
        if (rule == null) {
            return;
        }
        List<String> services = rule.rule().targets().services();
        if (services.isEmpty()) {
            String prefix = rule.namespace() + '/';
            byService.forEach((key, some) -> {
                if (key.startsWith(prefix)) {
                    addTargets(rule, some, into);
                }
            });
        } else {
            services.forEach(s -> addTargets(rule, byService.getOrDefault(rule.namespace() + '/' + s, Set.of()), into));
        }
    }

    private static void addTargets(ActiveRule rule, Set<FleetNode> some, Set<FleetNode> into) {
        for (FleetNode node : some) {
            if (node.isTargetOf(rule)) {
                into.add(node);
            }
        }
    }

    private void replanAll(Set<FleetNode> concerned) {
        Pass pass = new Pass();
        lastPass = pass;
        concerned.forEach(node -> replanOrKeep(node, pass));
    }

    /** What goes wrong with one node must not keep a rule, or its end, from the others; nor stop what comes back every second. */
    private void replanOrKeep(FleetNode node, Pass pass) {
        try {
            replan(node, pass);
        } catch (RuntimeException e) {
            LOG.error("the faults of {} cannot be reckoned, it keeps those that it has", node.info, e);
        }
    }

    private void replan(FleetNode node, Pass pass) {
        synchronized (node) {
            boolean none = stopped || closing && !node.capabilities.endsByItself();
            List<ActiveRule> matching = none ? List.of() : pass.rules(node);
            node.put(pass.plan(node, shape(node), matching));
        }
    }

    private BaseShape shape(FleetNode node) {
        return shapes.computeIfAbsent(
                node.base,
                base -> BaseShape.of(
                        base.layer().resources(TypeUrls.LISTENER),
                        base.layer().resources(TypeUrls.ROUTE),
                        base.layer().resources(TypeUrls.CLUSTER)));
    }

    /** Plans of one moment, each made once for all nodes that are alike. */
    private final class Pass {
        /** All that a plan follows from. */
        private record Alike(
                NodeCapabilities node,
                BaseShape base,
                List<ActiveRule> rules,
                Map<String, Integer> slots,
                Set<String> insertions) {
            /** Of some of the rules: there may be a thousand of them, for a thousand nodes. */
            @Override
            public int hashCode() {
                int first = rules.isEmpty()
                        ? 0
                        : rules.get(0).hashCode() ^ rules.get(rules.size() - 1).hashCode();
                return 31 * (31 * (31 * node.hashCode() + rules.size()) + first) + slots.hashCode();
            }
        }

        private final Map<Alike, NodePlan> plans = new ConcurrentHashMap<>();
        private final RuleTable table = rules;
        private final long now = clock.millis();

        List<ActiveRule> rules(FleetNode node) {
            return stopped ? List.of() : rules.of(node, now);
        }

        NodePlan plan(FleetNode node, BaseShape base, List<ActiveRule> matching) {
            NodePlan before = node.plan();
            if (plans.size() > MAX_PLANS) {
                plans.clear();
            }
            return plans.computeIfAbsent(
                    new Alike(node.capabilities, base, matching, before.slots(), before.insertions()),
                    key -> planner.plan(node.capabilities, base, matching, before, now));
        }
    }

    /** The plans of before, if nothing has changed since then that they follow from. */
    private Pass pass() {
        Pass last = lastPass;
        if (last == null || last.table != rules || rules.moves()) {
            last = new Pass();
            lastPass = last;
        }
        return last;
    }

    /** Ramps and schedules move by the server's clock, once a second, while there are any. */
    private void tickWhileNeeded() {
        boolean needed = rules.moves();
        ScheduledFuture<?> current = ticking;
        if (needed && current == null) {
            ticking = executor.scheduleAtFixedRate(this::tick, 1, 1, TimeUnit.SECONDS);
        } else if (!needed && current != null) {
            current.cancel(false);
            ticking = null;
        }
    }

    private synchronized void tick() {
        Set<FleetNode> concerned = new HashSet<>();
        rules.all().stream().filter(RuleTable::moves).forEach(rule -> concern(rule, concerned));
        replanAll(concerned);
    }

    /** The rule in force with this key; null = none. */
    public @Nullable ActiveRule rule(String key) {
        return rules.get(key);
    }

    /** What becomes of a rule on every node that it is for, in the order of their ids. Also of one that is not in force: a dry run. */
    public Map<NodeInfo, Honouring> honouring(ActiveRule rule) {
        Set<FleetNode> concerned = new HashSet<>();
        concern(rule, concerned);
        return honouring(rule, concerned);
    }

    /** The same on the nodes of one id alone, of which there is one but for a mistake. */
    public Map<NodeInfo, Honouring> honouring(ActiveRule rule, String nodeId) {
        Fleet connected = fleet;
        Collection<NodeInfo> named = connected == null
                ? nodes.keySet().stream()
                        .filter(node -> node.id().equals(nodeId))
                        .toList()
                : connected.streams(nodeId).stream().map(ConnectedStream::node).toList();
        Set<FleetNode> concerned = new HashSet<>();
        for (NodeInfo each : named) {
            FleetNode node = nodes.get(each);
            if (node != null) {
                addTargets(rule, Set.of(node), concerned);
            }
        }
        return honouring(rule, concerned);
    }

    private Map<NodeInfo, Honouring> honouring(ActiveRule rule, Set<FleetNode> concerned) {
        boolean inForce = rule.equals(rules.get(rule.key()));
        Trial trial = new Trial(rule);
        Map<NodePlan, Honouring> known = new IdentityHashMap<>();
        Map<NodeInfo, Honouring> answer = new LinkedHashMap<>();
        concerned.stream()
                .filter(this::isHere)
                .sorted(Comparator.comparing(node -> node.info.id()))
                .forEach(node -> {
                    Honouring found = inForce
                            ? known.computeIfAbsent(
                                    node.plan(), plan -> plan.honouring().get(rule.key()))
                            : null;
                    answer.put(node.info, found == null ? trial.on(node) : found);
                });
        return answer;
    }

    /**
     * What would become of a rule that is not in force, found once for all nodes that are alike. On our own proxies a rule has a place whatever
     * others there are; elsewhere it may stand back behind those that act before it.
     */
    private final class Trial {
        private record Alike(NodeCapabilities node, BaseShape base) {}

        private final ActiveRule rule;
        private final Pass pass = new Pass();
        private final Map<Alike, Honouring> ofOurs = new HashMap<>();
        /** By what becomes of all rules together. */
        private final Map<NodePlan, Honouring> ofOthers = new IdentityHashMap<>();

        private final Map<List<ActiveRule>, List<ActiveRule>> would = new IdentityHashMap<>();

        Trial(ActiveRule rule) {
            this.rule = rule;
        }

        Honouring on(FleetNode node) {
            BaseShape base = shape(node);
            if (planner.placesAlone(node.capabilities, base, rule)) {
                return ofOurs.computeIfAbsent(
                        new Alike(node.capabilities, base),
                        k -> of(planner.plan(k.node(), k.base(), List.of(rule), NodePlan.NONE, pass.now)));
            }
            // Nodes of one service mostly share the list of their rules.
            List<ActiveRule> all = would.computeIfAbsent(
                    pass.table.of(node, pass.now), has -> pass.table.ofWith(node, pass.now, rule));
            return ofOthers.computeIfAbsent(pass.plan(node, base, all), this::of);
        }

        private Honouring of(NodePlan plan) {
            return plan.honouring().getOrDefault(rule.key(), Honouring.not("it is not for this node"));
        }
    }

    /** What becomes of the rules of one node, by their keys; empty for one that is not known. */
    public Map<String, Honouring> honouring(NodeInfo node) {
        FleetNode known = nodes.get(node);
        return known == null ? Map.of() : known.plan().honouring();
    }

    /** What a node can execute. */
    public NodeCapabilities capabilities(NodeInfo node) {
        FleetNode known = nodes.get(node);
        return known == null ? NodeCapabilities.of(node) : known.capabilities;
    }

    private boolean isHere(FleetNode node) {
        return fleet == null || node.streams.get() > 0;
    }

    @Override
    public void connected(ConnectedStream stream) {
        FleetNode node = nodes.get(stream.node());
        if (node != null) {
            node.streams.incrementAndGet();
        }
    }

    @Override
    public void disconnected(ConnectedStream stream) {
        FleetNode node = nodes.get(stream.node());
        if (node != null) {
            node.streams.decrementAndGet();
        }
    }

    private void sweep() {
        Fleet connected = fleet;
        if (connected == null) {
            return;
        }
        long now = System.nanoTime();
        for (FleetNode node : new ArrayList<>(nodes.values())) {
            if (isHere(node)) {
                node.idleSinceNanos = 0;
            } else if (node.idleSinceNanos == 0) {
                node.idleSinceNanos = now == 0 ? 1 : now;
            } else if (now - node.idleSinceNanos > FORGET_NANOS) {
                try {
                    forget(node);
                } catch (RuntimeException e) {
                    LOG.error("{} is not forgotten cleanly", node.info, e);
                }
            }
        }
    }

    private void forget(FleetNode node) {
        nodes.computeIfPresent(node.info, (info, known) -> known == node && node.idleSinceNanos != 0 ? null : known);
        if (nodes.get(node.info) == node) {
            return; // it comes back at this moment
        }
        byService.computeIfPresent(serviceKey(node), (key, some) -> {
            some.remove(node);
            return some.isEmpty() ? null : some;
        });
        if (nodes.values().stream().noneMatch(other -> other.base == node.base)) {
            shapes.remove(node.base);
            Runnable listener = watched.remove(node.base);
            if (listener != null) {
                node.base.removeListener(listener);
            }
            node.base.close();
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
        bases.close();
    }
}
