package dev.mishap.proxy.overload;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code Bootstrap.overload_manager}: looks at resources at an interval, and sets actions by their pressure. Confined to the main
 * loop once it has started.
 */
public final class OverloadManager {
    private static final Logger LOG = LoggerFactory.getLogger("main");
    private static final String OVERLOAD = "envoy.config.overload.v3.";
    private static final String MONITORS = "envoy.extensions.resource_monitors.";
    private static final String FIXED_HEAP = MONITORS + "fixed_heap.v3.FixedHeapConfig";
    private static final String INJECTED = MONITORS + "injected_resource.v3.InjectedResourceConfig";
    private static final String CONNECTIONS = MONITORS + "downstream_connections.v3.DownstreamConnectionsConfig";
    private static final Set<String> UNSUPPORTED =
            Set.of("envoy.overload_actions.reduce_timeouts", "envoy.overload_actions.reset_high_memory_stream");
    /** How often the heap is made smaller while that is asked for; Envoy's interval. */
    private static final long SHRINK_NANOS = 10_000_000_000L;

    private static final long DEFAULT_INTERVAL_NANOS = 1_000_000_000L;

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(OVERLOAD + "OverloadManager")
                    .supported("refresh_interval", "resource_monitors", "actions")
                    .accepted(
                            "buffer_factory_config", "it tunes the accounts of an action that is refused by its name"),
            SupportedFields.of(OVERLOAD + "ResourceMonitor").supported("name", "typed_config"),
            SupportedFields.of(OVERLOAD + "OverloadAction").supported("name", "triggers"),
            SupportedFields.of(OVERLOAD + "Trigger").supported("name", "threshold", "scaled"),
            SupportedFields.of(OVERLOAD + "ThresholdTrigger").supported("value"),
            SupportedFields.of(OVERLOAD + "ScaledTrigger").supported("scaling_threshold", "saturation_threshold"),
            SupportedFields.of(FIXED_HEAP).supported("max_heap_size_bytes"),
            SupportedFields.of(INJECTED).supported("filename"),
            SupportedFields.of(CONNECTIONS).supported("max_active_downstream_connections"));

    private final OverloadState state;
    private final long intervalNanos;
    private final List<Monitored> monitors;
    private final List<Action> actions;
    private final Histogram delay;
    private @Nullable EventLoop loop;
    private Runnable listeners = () -> {};
    private long last;

    private OverloadManager(
            OverloadState state, long intervalNanos, List<Monitored> monitors, List<Action> actions, Histogram delay) {
        this.state = state;
        this.intervalNanos = intervalNanos;
        this.monitors = monitors;
        this.actions = actions;
        this.delay = delay;
    }

    /** A resource that is looked at, with its stats. */
    private static final class Monitored {
        final String name;
        final ResourceMonitor monitor;
        final Gauge gauge;
        final Counter failed;
        double pressure;

        Monitored(String name, ResourceMonitor monitor, Scope scope) {
            this.name = name;
            this.monitor = monitor;
            gauge = scope.gauge("pressure");
            failed = scope.counter("failed_updates");
            scope.counter("skipped_updates");
        }

        void look() {
            try {
                pressure = monitor.pressure();
                gauge.set((long) (pressure * 100));
            } catch (IOException e) {
                failed.inc();
                LOG.info("Failed to update resource {}: {}", name, e.getMessage());
            }
        }
    }

    private record Bound(Trigger trigger, @Nullable Monitored on) {}

    /** @param times how often it was done, of an action that is done by itself */
    private record Action(
            OverloadAction action,
            List<Bound> triggers,
            Gauge active,
            Gauge scale,
            @Nullable Counter times) {}

    /**
     * Reads {@code envoy.config.overload.v3.OverloadManager}.
     *
     * @param watch has a file watched: the path, and what to do on the main loop when something was moved there
     * @throws ConfigException when it can't be accepted
     */
    public static OverloadManager from(
            ConfigNode node, OverloadState state, Scope stats, BiConsumer<Path, Runnable> watch) {
        Scope scope = stats.scope("overload.");
        Map<String, @Nullable Monitored> monitors = new LinkedHashMap<>();
        for (ConfigNode m : node.messages("resource_monitors")) {
            String name = m.string("name");
            if (monitors.containsKey(name)) {
                throw new ConfigException("Duplicate resource monitor " + name);
            }
            monitors.put(name, monitor(m, name, state, scope.scope(name + "."), watch));
        }
        List<Action> actions = new ArrayList<>();
        Set<OverloadAction> seen = new HashSet<>();
        for (ConfigNode a : node.messages("actions")) {
            Action action = action(a, monitors, scope);
            if (!seen.add(action.action)) {
                throw new ConfigException("Duplicate overload action " + action.action.configName);
            }
            actions.add(action);
        }
        List<Monitored> looked = new ArrayList<>();
        for (Monitored m : monitors.values()) {
            if (m != null) {
                looked.add(m);
            }
        }
        return new OverloadManager(
                state,
                Math.max(1_000_000, node.durationNanos("refresh_interval", DEFAULT_INTERVAL_NANOS)),
                looked,
                actions,
                scope.histogram("refresh_interval_delay", Histogram.Unit.MILLISECONDS));
    }

    private static @Nullable Monitored monitor(
            ConfigNode node, String name, OverloadState state, Scope scope, BiConsumer<Path, Runnable> watch) {
        ConfigNode config = node.message("typed_config");
        String type = config == null ? "" : config.messageName();
        switch (type) {
            case FIXED_HEAP -> {
                return new Monitored(
                        name,
                        ResourceMonitor.fixedHeap(node.required("typed_config").integer("max_heap_size_bytes", 0)),
                        scope);
            }
            case INJECTED -> {
                Path file = Path.of(node.required("typed_config").string("filename"));
                ResourceMonitor.Injected injected = new ResourceMonitor.Injected(file);
                watch.accept(file, injected::changed);
                return new Monitored(name, injected, scope);
            }
            case CONNECTIONS -> {
                if (state.connections() != null) {
                    throw new ConfigException("Duplicate resource monitor " + name);
                }
                state.connections(new ConnectionBudget(
                        node.required("typed_config").integer("max_active_downstream_connections", 0), scope));
                return null;
            }
            default ->
                throw new ConfigException(
                        "Didn't find a registered implementation for '" + name + "' with type URL: '" + type + "'");
        }
    }

    private static Action action(ConfigNode node, Map<String, @Nullable Monitored> monitors, Scope scope) {
        String name = node.string("name");
        OverloadAction action = OverloadAction.of(name);
        if (action == null) {
            if (UNSUPPORTED.contains(name)) {
                throw node.error("name", name + " is not supported");
            }
            throw new ConfigException("Unknown Overload Manager Action " + name);
        }
        List<Bound> triggers = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (ConfigNode t : node.messages("triggers")) {
            Trigger trigger = Trigger.from(t);
            if (!monitors.containsKey(trigger.monitor())) {
                throw new ConfigException(
                        "Unknown trigger resource " + trigger.monitor() + " for overload action " + name);
            }
            if (!names.add(trigger.monitor())) {
                throw new ConfigException("Duplicate trigger resource for overload action " + name);
            }
            triggers.add(new Bound(trigger, monitors.get(trigger.monitor())));
        }
        Scope of = scope.scope(name + ".");
        return new Action(
                action,
                triggers,
                of.gauge("active"),
                of.gauge("scale_percent"),
                action == OverloadAction.SHRINK_HEAP ? of.counter("shrink_count") : null);
    }

    /**
     * Begins to look, now and at each interval.
     *
     * @param acceptChanged told when {@link OverloadState#stopsAccepting} has changed
     */
    public void start(EventLoop main, Runnable acceptChanged) {
        loop = main;
        listeners = acceptChanged;
        last = System.nanoTime();
        refresh();
        for (Action a : actions) {
            Counter times = a.times;
            if (times != null) {
                main.scheduleAtFixedRate(() -> shrink(a, times), SHRINK_NANOS, SHRINK_NANOS, TimeUnit.NANOSECONDS);
            }
        }
    }

    /** The collectors that run here give the memory that they free back to the system. */
    private static void shrink(Action action, Counter times) {
        if (action.active.value() == 1) {
            times.inc();
            System.gc();
        }
    }

    private void refresh() {
        for (Monitored m : monitors) {
            m.look();
        }
        boolean tell = false;
        for (Action a : actions) {
            float value = 0;
            for (Bound b : a.triggers) {
                Monitored on = b.on;
                value = Math.max(value, on == null ? 0 : b.trigger.value(on.pressure));
            }
            a.active.set(value >= 1 ? 1 : 0);
            a.scale.set((long) (value * 100));
            tell |= state.set(a.action, value);
        }
        if (tell) {
            listeners.run();
        }
        EventLoop l = loop;
        if (l != null && !l.isShuttingDown()) {
            long now = System.nanoTime();
            delay.record(TimeUnit.NANOSECONDS.toMillis(now - last));
            last = now;
            l.schedule(this::refresh, intervalNanos, TimeUnit.NANOSECONDS);
        }
    }
}
