package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.fault.Fault;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** The stats {@code mishap.*} of faults of connections, whichever rule causes them. */
final class ConnectionFaultStats {
    final Counter touched;
    final Counter upstreamTouched;
    final Gauge active;
    private final Map<Fault.Kind, Counter> injected = new EnumMap<>(Fault.Kind.class);

    ConnectionFaultStats(Scope root) {
        Scope scope = root.scope("mishap.");
        touched = scope.counter("connections_touched");
        upstreamTouched = scope.counter("upstream_connections_touched");
        active = scope.gauge("active_connection_faults");
        for (Fault.Kind kind : Fault.Kind.values()) {
            if (kind.plane() == Fault.Plane.CONNECTION) {
                injected.put(kind, scope.counter(kind.name().toLowerCase(Locale.ROOT) + "_injected"));
            }
        }
    }

    /** Counts the rules of a decision that touch a connection from now on. */
    void injected(ActiveRules active, ConnectionDecision decision) {
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.isKept(i)) {
                continue;
            }
            FaultRule rule = decision.touched(i);
            active.tag(rule).touched().inc();
            injected(rule.fault().kind());
        }
    }

    private void injected(Fault.Kind kind) {
        Counter counter = injected.get(kind);
        if (counter != null) {
            counter.inc();
        }
    }
}
