package dev.mishap.control.serve;

import dev.mishap.control.base.BaseConfig;
import dev.mishap.control.base.Templates;
import dev.mishap.control.compile.ActiveRule;
import dev.mishap.control.compile.FleetFaults;
import dev.mishap.control.overlay.Overlay;
import dev.mishap.control.rules.RuleChange;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.control.rules.RuleRegistry;
import dev.mishap.control.rules.RuleSnapshot;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.control.xds.XdsServer;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A running control plane: rules from a store to whoever connects. */
public final class ControlPlane implements AutoCloseable {
    /** Closed in the reverse order of their start. */
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    private final RuleRegistry registry;
    private final BaseConfig base;
    private final FleetFaults faults;
    private final XdsServer xds;

    private ControlPlane(ServeOptions options, Clock clock) {
        try {
            Store store = own(store(options));
            registry = own(RuleRegistry.open(store, clock, name())
                    .toCompletableFuture()
                    .join());
            base = own(base(options));
            faults = own(new FleetFaults(base, options.faultTimeToLive(), clock));
            // Faults are in place before the first node can ask: one that comes back must not be without them for a
            // moment.
            faults.update(all(registry.snapshot()));
            own(registry.subscribe(this::changed));
            xds = own(XdsServer.builder(faults)
                    .address(options.xds())
                    .clock(clock)
                    .start());
            faults.follow(xds.fleet());
            if (base instanceof Overlay overlay) {
                xds.fleet().addListener(overlay);
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Starts everything; when a part cannot start, those before it are ended.
     *
     * @throws RuntimeException saying what could not start and why
     */
    public static ControlPlane start(ServeOptions options) {
        return new ControlPlane(options, Clock.systemUTC());
    }

    private <T extends AutoCloseable> T own(T part) {
        parts.push(part);
        return part;
    }

    private static Store store(ServeOptions options) {
        return LocalStore.inMemory();
    }

    private static BaseConfig base(ServeOptions options) {
        if (!options.upstreams().isEmpty()) {
            return new Overlay(options.upstreams(), Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
        }
        return new Templates(options.dependencies());
    }

    private void changed(RuleChange change) {
        Map<String, @Nullable ActiveRule> changed = new HashMap<>();
        for (RuleKey key : change.changed()) {
            StoredRule rule = change.after().get(key);
            changed.put(key.toString(), rule == null ? null : active(rule));
        }
        if (!changed.isEmpty()) {
            faults.updateSoon(changed);
        }
        if (change.killSwitchChanged()) {
            faults.stopAllSoon(change.after().killSwitch().engaged());
        }
    }

    private static Map<String, @Nullable ActiveRule> all(RuleSnapshot snapshot) {
        Map<String, @Nullable ActiveRule> all = new HashMap<>();
        snapshot.forEach(rule -> all.put(rule.key().toString(), active(rule)));
        return all;
    }

    /** Of this replica, among those of one store. */
    private static String name() {
        return ProcessHandle.current().pid() + "-" + UUID.randomUUID();
    }

    static ActiveRule active(StoredRule rule) {
        return new ActiveRule(rule.namespace(), rule.rule(), rule.updated(), rule.expires());
    }

    public RuleRegistry registry() {
        return registry;
    }

    public FleetFaults faults() {
        return faults;
    }

    public XdsServer xds() {
        return xds;
    }

    /** Where the base configuration comes from, for people. */
    public String base() {
        return base.describe();
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
