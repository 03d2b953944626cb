package dev.mishap.proxy.cluster;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The endpoints of a cluster at one moment, by priority. Immutable; made on the main loop whenever anything of them changes. */
public final class EndpointSet {
    public static final EndpointSet EMPTY = new EndpointSet(List.of(), LoadAssignment.Policy.DEFAULT, null);

    private final List<EndpointGroup> groups;
    private final LoadAssignment.Policy policy;
    private final @Nullable Locality here;
    private final List<Endpoint> all;
    private final List<HostSet> priorities;
    private final Set<Endpoint> members = Collections.newSetFromMap(new IdentityHashMap<>());
    private @Nullable Object prepared;
    /** By address, when a request has asked for one. */
    private volatile @Nullable Map<String, Endpoint> byAddress;

    /**
     * @param groups the endpoints; groups of one locality and priority are added up
     * @param policy of the assignment
     * @param here the locality of this process, which comes first, or null
     */
    public EndpointSet(List<EndpointGroup> groups, LoadAssignment.Policy policy, @Nullable Locality here) {
        this.groups = List.copyOf(groups);
        this.policy = policy;
        this.here = here;
        List<HostSet> levels = new ArrayList<>();
        List<Endpoint> flat = new ArrayList<>();
        // There is a first priority even when there is nobody in it.
        int highest =
                this.groups.stream().mapToInt(EndpointGroup::priority).max().orElse(0);
        for (int p = 0; p <= highest; p++) {
            List<Endpoint> of = new ArrayList<>();
            Map<Locality, Integer> weights = new HashMap<>();
            for (EndpointGroup g : this.groups) {
                if (g.priority() == p) {
                    of.addAll(g.endpoints());
                    weights.put(g.locality(), g.weight());
                }
            }
            levels.add(new HostSet(p, of, weights, policy, here));
            flat.addAll(of);
        }
        priorities = List.copyOf(levels);
        all = List.copyOf(flat);
        members.addAll(all);
    }

    private EndpointSet(EndpointSet of, Predicate<Endpoint> keep, boolean scaleLocalityWeights) {
        groups = List.of();
        policy = of.policy;
        here = of.here;
        priorities = of.priorities.stream()
                .map(p -> p.filter(keep, scaleLocalityWeights))
                .toList();
        all = of.all.stream().filter(keep).toList();
        members.addAll(all);
    }

    /** Endpoints without locality, each at its own priority. */
    public static EndpointSet of(List<Endpoint> endpoints) {
        List<EndpointGroup> each = new ArrayList<>();
        for (Endpoint e : endpoints) {
            each.add(new EndpointGroup(e.locality(), e.priority(), 0, List.of(e)));
        }
        return new EndpointSet(each, LoadAssignment.Policy.DEFAULT, null);
    }

    /** The same endpoints with the health that they have now. */
    EndpointSet refreshed() {
        return new EndpointSet(groups, policy, here);
    }

    /**
     * A part of the endpoints, at the same priorities and localities.
     *
     * @param scaleLocalityWeights whether a locality weighs less by the share of its endpoints that are left out
     */
    public EndpointSet filter(Predicate<Endpoint> keep, boolean scaleLocalityWeights) {
        return new EndpointSet(this, keep, scaleLocalityWeights);
    }

    public List<EndpointGroup> groups() {
        return groups;
    }

    public LoadAssignment.Policy policy() {
        return policy;
    }

    /** All endpoints, by priority. */
    public List<Endpoint> all() {
        return all;
    }

    /** The endpoint of that address, as it is written in logs, or null. */
    public @Nullable Endpoint at(String address) {
        Map<String, Endpoint> index = byAddress;
        if (index == null) {
            index = new HashMap<>();
            for (Endpoint e : all) {
                index.putIfAbsent(AddressText.of(e.address()), e);
            }
            byAddress = index; // whoever makes it makes the same
        }
        return index.get(address);
    }

    public boolean contains(Endpoint e) {
        return members.contains(e);
    }

    /** Whether the endpoints of {@code other} are these, whatever their health. */
    public boolean hasSame(EndpointSet other) {
        return members.equals(other.members);
    }

    /** Index = priority; at least one, and those without endpoints are there, too. */
    public List<HostSet> priorities() {
        return priorities;
    }

    public long healthyCount() {
        return priorities.stream().mapToLong(p -> p.healthy().size()).sum();
    }

    public long degradedCount() {
        return priorities.stream().mapToLong(p -> p.degraded().size()).sum();
    }

    public long excludedCount() {
        return priorities.stream().mapToLong(p -> p.excluded().size()).sum();
    }

    /** What the cluster's load-balancing policy made of these endpoints for all loops ({@link LbPolicy#prepare}), or null. */
    public @Nullable Object prepared() {
        return prepared;
    }

    /** Called once, before the set is published. */
    public void prepared(@Nullable Object made) {
        prepared = made;
    }
}
