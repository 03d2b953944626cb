package dev.mishap.proxy.rules;

import dev.mishap.rules.FaultRule;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The rules that clusters have in their configurations, by the clusters' names. Safe for many threads. */
public final class ClusterRules {
    private final RulePlaces places;
    private final Map<String, PlacedRules> now = new ConcurrentHashMap<>();

    public ClusterRules(RulePlaces places) {
        this.places = places;
    }

    /** A cluster is configured so. */
    public void put(String cluster, List<FaultRule> rules) {
        PlacedRules placed = rules.isEmpty() ? null : places.replace("cluster '" + cluster + "'", rules);
        if (placed != null) {
            placed.enter();
        }
        PlacedRules before = placed == null ? now.remove(cluster) : now.put(cluster, placed);
        if (before != null) {
            before.leave();
        }
        if (before != placed) {
            places.changed();
        }
    }

    /** There is no such cluster any more. */
    public void remove(String cluster) {
        put(cluster, List.of());
    }

    public boolean isEmpty() {
        return now.isEmpty();
    }

    public boolean has(String cluster) {
        return now.containsKey(cluster);
    }

    /** The rules of a cluster, whichever it has at the time. */
    public RuleSource of(String cluster) {
        return new RuleSource() {
            @Override
            public ActiveRules active() {
                PlacedRules placed = now.get(cluster);
                return placed == null ? ActiveRules.NONE : placed.active();
            }

            @Override
            public long nanoTime() {
                return places.nanoTime();
            }

            @Override
            public KillSwitch killSwitch() {
                return places.killSwitch();
            }
        };
    }
}
