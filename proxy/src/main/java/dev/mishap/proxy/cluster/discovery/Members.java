package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.EndpointGroup;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.LoadAssignment;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The endpoints of a cluster by address, so that an endpoint stays the same object, with its pools and counts, while its address
 * and place stay. Confined to the main loop.
 */
final class Members {
    private final Cluster cluster;
    private final boolean keepHealthy;
    private Map<SocketAddress, Endpoint> known = new HashMap<>();
    private List<EndpointGroup> groups = List.of();
    private LoadAssignment.Policy policy = LoadAssignment.Policy.DEFAULT;
    private boolean any;

    Members(Cluster cluster) {
        this.cluster = cluster;
        this.keepHealthy =
                cluster.config().checksHealth() && !cluster.config().common().ignoreHealthOnRemoval();
    }

    /** Replaces the endpoints; whether anything of them is different. */
    boolean update(LoadAssignment assignment) {
        Map<SocketAddress, Endpoint> next = new LinkedHashMap<>();
        List<EndpointGroup> grouped = new ArrayList<>();
        boolean changed = false;
        long heaviest = 0;
        for (LoadAssignment.Group g : assignment.groups()) {
            List<Endpoint> all = new ArrayList<>();
            for (EndpointConfig c : g.endpoints()) {
                SocketAddress at = Addresses.of(c.address(), c.port());
                if (next.containsKey(at)) {
                    continue;
                }
                Endpoint e = known.get(at);
                if (e == null
                        || !e.locality().equals(c.locality())
                        || !e.hostname().equals(c.hostname())) {
                    e = Addresses.endpoint(c);
                } else {
                    // Envoy does not look for other additional addresses of an endpoint that it knows.
                    changed |= e.update(c.withAdditional(e.config().additional()))
                            | e.set(HealthFlag.PENDING_DYNAMIC_REMOVAL, false);
                }
                next.put(at, e);
                all.add(e);
                heaviest = Math.max(heaviest, c.weight());
            }
            grouped.add(new EndpointGroup(g.locality(), g.priority(), g.weight(), all));
        }
        if (keepHealthy) {
            changed |= keep(next, grouped);
        }
        changed |= !grouped.equals(groups) || !assignment.policy().equals(policy) || !any;
        known = next;
        groups = grouped;
        policy = assignment.policy();
        any = true;
        cluster.stats().maxHostWeight.set(heaviest);
        if (changed) {
            cluster.update(groups, policy);
        }
        return changed;
    }

    /** What is no longer assigned but passes its health checks stays until it does not. */
    private boolean keep(Map<SocketAddress, Endpoint> next, List<EndpointGroup> grouped) {
        boolean changed = false;
        for (Map.Entry<SocketAddress, Endpoint> e : known.entrySet()) {
            Endpoint old = e.getValue();
            if (!next.containsKey(e.getKey()) && !old.has(HealthFlag.FAILED_ACTIVE_HC)) {
                changed |= old.set(HealthFlag.PENDING_DYNAMIC_REMOVAL, true);
                next.put(e.getKey(), old);
                grouped.add(new EndpointGroup(old.locality(), old.priority(), weightOf(old), List.of(old)));
            }
        }
        return changed;
    }

    /** Lets go of what was kept for being healthy and no longer is; whether there was any. */
    boolean prune() {
        if (!keepHealthy || !known.values().removeIf(Members::overdue)) {
            return false;
        }
        List<EndpointGroup> left = new ArrayList<>();
        for (EndpointGroup g : groups) {
            left.add(new EndpointGroup(
                    g.locality(),
                    g.priority(),
                    g.weight(),
                    g.endpoints().stream().filter(e -> !overdue(e)).toList()));
        }
        groups = left;
        cluster.update(groups, policy);
        return true;
    }

    private static boolean overdue(Endpoint e) {
        return e.has(HealthFlag.PENDING_DYNAMIC_REMOVAL) && e.has(HealthFlag.FAILED_ACTIVE_HC);
    }

    private int weightOf(Endpoint e) {
        for (EndpointGroup g : groups) {
            if (g.priority() == e.priority() && g.locality().equals(e.locality())) {
                return g.weight();
            }
        }
        return 0;
    }
}
