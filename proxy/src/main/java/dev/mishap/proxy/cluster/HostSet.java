package dev.mishap.proxy.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of one priority at one moment, whole and by health, flat and by locality. Immutable. Localities are in their
 * order, but that of this process, if any endpoint is there, is first.
 */
public final class HostSet {
    private final int priority;
    private final List<Endpoint> all;
    private final List<Endpoint> healthy;
    private final List<Endpoint> degraded;
    private final List<Endpoint> excluded;
    private final List<Locality> localities;
    private final List<List<Endpoint>> byLocality;
    private final List<List<Endpoint>> healthyByLocality;
    private final List<List<Endpoint>> degradedByLocality;
    private final List<List<Endpoint>> excludedByLocality;
    private final boolean localFirst;
    private final int[] localityWeights;
    private final LoadAssignment.Policy policy;

    HostSet(
            int priority,
            List<Endpoint> endpoints,
            Map<Locality, Integer> weights,
            LoadAssignment.Policy policy,
            @Nullable Locality here) {
        this.priority = priority;
        this.policy = policy;
        all = List.copyOf(endpoints);
        healthy = select(all, Endpoint::healthy);
        degraded = select(all, Endpoint::degraded);
        excluded = select(all, Endpoint::excluded);
        Map<Locality, List<Endpoint>> grouped = new TreeMap<>();
        for (Endpoint e : all) {
            grouped.computeIfAbsent(e.locality(), l -> new ArrayList<>()).add(e);
        }
        List<Locality> order = new ArrayList<>(grouped.keySet());
        localFirst = here != null && order.remove(here);
        if (localFirst) {
            order.add(0, here);
        }
        localities = List.copyOf(order);
        List<List<Endpoint>> groups = new ArrayList<>();
        localityWeights = new int[order.size()];
        for (int i = 0; i < localityWeights.length; i++) {
            groups.add(List.copyOf(grouped.getOrDefault(order.get(i), List.of())));
            localityWeights[i] = weights.getOrDefault(order.get(i), 0);
        }
        byLocality = List.copyOf(groups);
        healthyByLocality = selectEach(Endpoint::healthy);
        degradedByLocality = selectEach(Endpoint::degraded);
        excludedByLocality = selectEach(Endpoint::excluded);
    }

    /** The same endpoints, or those of them that {@code keep} accepts, in this order and with these weights of localities. */
    private HostSet(HostSet of, Predicate<Endpoint> keep, boolean scaleLocalityWeights) {
        priority = of.priority;
        policy = of.policy;
        all = select(of.all, keep);
        healthy = select(of.healthy, keep);
        degraded = select(of.degraded, keep);
        excluded = select(of.excluded, keep);
        localities = of.localities;
        localFirst = of.localFirst;
        byLocality = of.byLocality.stream().map(l -> select(l, keep)).toList();
        localityWeights = of.localityWeights.clone();
        for (int i = 0; scaleLocalityWeights && i < localityWeights.length; i++) {
            int before = of.byLocality.get(i).size();
            int kept = byLocality.get(i).size();
            // A locality that keeps anyone keeps some weight.
            localityWeights[i] = kept == 0
                    ? 0
                    : Math.max(localityWeights[i] == 0 ? 0 : 1, (int)
                            Math.round((double) localityWeights[i] * kept / before));
        }
        healthyByLocality =
                of.healthyByLocality.stream().map(l -> select(l, keep)).toList();
        degradedByLocality =
                of.degradedByLocality.stream().map(l -> select(l, keep)).toList();
        excludedByLocality =
                of.excludedByLocality.stream().map(l -> select(l, keep)).toList();
    }

    /** Only those that {@code keep} accepts; localities stay, even empty ones. */
    HostSet filter(Predicate<Endpoint> keep, boolean scaleLocalityWeights) {
        return new HostSet(this, keep, scaleLocalityWeights);
    }

    private static List<Endpoint> select(List<Endpoint> from, Predicate<Endpoint> keep) {
        List<Endpoint> kept = new ArrayList<>(from.size());
        for (Endpoint e : from) {
            if (keep.test(e)) {
                kept.add(e);
            }
        }
        return kept.size() == from.size() ? from : List.copyOf(kept);
    }

    private List<List<Endpoint>> selectEach(Predicate<Endpoint> keep) {
        return byLocality.stream().map(l -> select(l, keep)).toList();
    }

    public int priority() {
        return priority;
    }

    public List<Endpoint> all() {
        return all;
    }

    public List<Endpoint> healthy() {
        return healthy;
    }

    public List<Endpoint> degraded() {
        return degraded;
    }

    /** Those that load and panic leave out of account. */
    public List<Endpoint> excluded() {
        return excluded;
    }

    /** The localities that have endpoints; the other lists by locality are in this order. */
    public List<Locality> localities() {
        return localities;
    }

    public List<List<Endpoint>> byLocality() {
        return byLocality;
    }

    public List<List<Endpoint>> healthyByLocality() {
        return healthyByLocality;
    }

    public List<List<Endpoint>> degradedByLocality() {
        return degradedByLocality;
    }

    public List<List<Endpoint>> excludedByLocality() {
        return excludedByLocality;
    }

    /** Whether the first locality is that of this process. */
    public boolean localFirst() {
        return localFirst;
    }

    /** {@code load_balancing_weight} of the i-th locality; 0 when none was given. */
    public int localityWeight(int i) {
        return localityWeights[i];
    }

    /** {@code overprovisioning_factor}. */
    public int overprovisioningPercent() {
        return policy.overprovisioningPercent();
    }

    /** Whether health is judged by weights. */
    public boolean weightedPriorityHealth() {
        return policy.weightedPriorityHealth();
    }
}
