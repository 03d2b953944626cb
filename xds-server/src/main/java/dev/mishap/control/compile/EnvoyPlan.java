package dev.mishap.control.compile;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.rules.Scope;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Faults for stock Envoys: HTTPFaults in the fault filters of listeners, or in routes. */
final class EnvoyPlan {
    private final NodeCapabilities node;
    private final BaseShape base;
    private final Duration timeToLive;
    private final boolean mayInsert;
    private final int filters;
    private final NodePlan before;
    private final Map<String, Verdict> verdicts;
    private final Map<String, Resource> resources;

    /** What routes have become so far, by name. */
    private final Map<String, RouteConfiguration> routes = new HashMap<>();

    private final Map<String, Integer> slots = new HashMap<>();
    private final Set<String> insertions;
    private final Struct.Builder runtime = Struct.newBuilder();
    private long now;

    EnvoyPlan(
            NodeCapabilities node,
            BaseShape base,
            Duration timeToLive,
            boolean mayInsert,
            int filters,
            NodePlan before,
            Map<String, Verdict> verdicts,
            Map<String, Resource> resources) {
        this.node = node;
        this.base = base;
        this.timeToLive = timeToLive;
        this.mayInsert = mayInsert;
        this.filters = filters;
        this.before = before;
        this.verdicts = verdicts;
        this.resources = resources;
        this.insertions = new HashSet<>(before.insertions());
    }

    NodePlan plan(List<ActiveRule> rules, long epochMillis) {
        now = epochMillis;
        for (ActiveRule rule : rules) {
            Verdict verdict = verdict(rule);
            verdict.not(HttpFaults.inexpressible(rule.rule()));
            if (!node.httpFault()) {
                verdict.not("the node's build has no envoy.filters.http.fault");
            }
        }
        List<ActiveRule> possible =
                rules.stream().filter(r -> !verdict(r).hopeless()).toList();
        insertions.retainAll(base.listeners().stream().map(ListenerShape::name).toList());
        for (Site site : sites(possible)) {
            place(site, possible.stream().filter(r -> concerns(r, site)).toList());
        }
        routes.forEach((name, changed) ->
                resources.put("rds " + name, Resource.of(TypeUrls.ROUTE, name, changed.toByteString())));
        runtime();
        insertions.forEach(this::insert);
        return new NodePlan(List.of(), Map.of(), slots, insertions);
    }

    private List<Site> sites(List<ActiveRule> possible) {
        return Site.all(
                base,
                listener -> FaultFilters.names(listener, filters),
                listener -> FaultFilters.routeNames(listener, routeFilters()),
                insertions,
                listener -> needsFilters(listener, possible));
    }

    /** How many filters for routes alone a listener gets: none where the runtime ends faults of routes. */
    private int routeFilters() {
        return node.runtimeLayer().isEmpty() && node.enablesFilters() ? filters : 0;
    }

    private Verdict verdict(ActiveRule rule) {
        Verdict verdict = verdicts.get(rule.key());
        if (verdict == null) {
            throw new AssertionError(rule.key());
        }
        return verdict;
    }

    /** Whether a listener that has no place for a fault gets some: a rule is about it, and it may be changed. */
    private boolean needsFilters(ListenerShape listener, List<ActiveRule> rules) {
        return mayInsert
                && node.discoversFilters()
                && listener.managers().stream()
                        .anyMatch(manager -> rules.stream()
                                .anyMatch(rule -> names(rule, listener.name())
                                        && base.mayReach(manager, rule.rule().scope())
                                        // Faults of routes end by the runtime's time to live; without a layer nothing
                                        // ends them.
                                        && (manager.faultFilter() == null
                                                || manager.routeName() == null
                                                || node.runtimeLayer().isEmpty()
                                                        && (!byRoutes(rule) || node.enablesFilters()))));
    }

    private static boolean names(ActiveRule rule, String listener) {
        List<String> listeners = rule.rule().scope().listeners();
        return listeners.isEmpty() || listeners.contains(listener);
    }

    /** Whether a fault filter alone cannot tell where the rule acts. */
    private static boolean byRoutes(ActiveRule rule) {
        Scope scope = rule.rule().scope();
        return !scope.routes().isEmpty() || scope.clusters().size() > 1;
    }

    private boolean concerns(ActiveRule rule, Site site) {
        long named = site.listeners().stream().filter(l -> names(rule, l)).count();
        if (named == 0
                || site.managers().stream()
                        .noneMatch(m -> base.mayReach(m, rule.rule().scope()))) {
            return false;
        }
        if (named < site.listeners().size()) {
            verdict(rule)
                    .not("listeners " + String.join(", ", site.listeners())
                            + " share their fault filters, and the scope names some of them only");
            return false;
        }
        return true;
    }

    private void place(Site site, List<ActiveRule> all) {
        boolean apart = node.runtimeLayer().isEmpty() && !site.routeFilters().isEmpty();
        if (apart) {
            placeForRoutes(site, all.stream().filter(EnvoyPlan::byRoutes).toList());
        }
        List<ActiveRule> rules =
                all.stream().filter(rule -> !apart || !byRoutes(rule)).toList();
        int count = site.filters().size();
        if (count == 0) {
            rules.forEach(rule -> placeInRoutes(site, rule, "", Way.RDS));
            return;
        }
        List<FilterGroup> groups = groups(site, rules, count);
        for (FilterGroup beyond : groups.subList(Math.min(count, groups.size()), groups.size())) {
            beyond.rules().forEach(rule -> verdict(rule).not(noFilterLeft(site, count)));
        }
        List<FilterGroup> placed = groups.subList(0, Math.min(count, groups.size()));
        List<String> keys = placed.stream().map(group -> slotKey(site, group)).toList();
        List<Integer> assigned = SlotAssignment.assign(keys, count, before.slots());
        for (int i = 0; i < placed.size(); i++) {
            FilterGroup group = placed.get(i);
            String filter = site.filters().get(assigned.get(i));
            for (ActiveRule rule : group.rules()) {
                slots.put(slotKey(site, rule), assigned.get(i));
                if (group.inRoutes()) {
                    placeInRoutes(site, rule, filter, Way.RDS);
                } else {
                    placeInFilter(site, rule, filter);
                }
            }
        }
    }

    /** Rules of routes in filters that only their routes switch on, so that the time to live of the filters' configuration ends them. */
    private void placeForRoutes(Site site, List<ActiveRule> rules) {
        int count = site.routeFilters().size();
        for (ActiveRule rule : rules.subList(Math.min(count, rules.size()), rules.size())) {
            verdict(rule)
                    .not(site + ": its " + count + " fault filters for routes are taken by rules that act before this"
                            + " one; stop one, or start the server with more (--fault-filters)");
        }
        List<ActiveRule> placed = rules.subList(0, Math.min(count, rules.size()));
        List<String> keys = placed.stream()
                .map(rule -> site.routeFilters().get(0) + '\n' + rule.key())
                .toList();
        List<Integer> assigned = SlotAssignment.assign(keys, count, before.slots());
        for (int i = 0; i < placed.size(); i++) {
            ActiveRule rule = placed.get(i);
            String filter = site.routeFilters().get(assigned.get(i));
            slots.put(keys.get(i), assigned.get(i));
            int millionths = rule.millionths(now);
            boolean reached = placeInRoutes(site, rule, filter, FaultFilters.enabled(), millionths > 0);
            if (reached) {
                verdict(rule).by(site.inserted() ? Way.LDS : Way.ECDS);
                if (millionths > 0) {
                    HTTPFault fault = HttpFaults.of(rule.rule(), millionths, "", true);
                    resources.put(
                            "ecds " + filter, FaultFilters.config(filter, fault).withTtl(timeToLive));
                }
            }
        }
    }

    /**
     * Which rules share a filter. When there are more than filters, rules of one cluster go into routes, the last first, and share: only
     * as many as have to, since a rule that moves there is for a moment nowhere or twice.
     */
    private List<FilterGroup> groups(Site site, List<ActiveRule> rules, int count) {
        List<FilterGroup> groups = FilterGroup.of(rules, EnvoyPlan::byRoutes);
        if (groups.size() <= count
                || node.runtimeLayer().isEmpty()
                || !site.managers().stream().allMatch(base::hasPlainRoutes)) {
            return groups;
        }
        int least = 0;
        int most = rules.size();
        while (least < most) {
            int middle = (least + most) / 2;
            if (grouped(rules, middle).size() > count) {
                most = middle;
            } else {
                least = middle + 1;
            }
        }
        return grouped(rules, Math.max(0, least - 1));
    }

    /** The groups when rules of one cluster, from the so-manieth on, are put into routes. */
    private static List<FilterGroup> grouped(List<ActiveRule> rules, int from) {
        Set<ActiveRule> moved = Collections.newSetFromMap(new IdentityHashMap<>());
        rules.subList(from, rules.size()).stream()
                .filter(rule -> rule.rule().scope().clusters().size() == 1)
                .forEach(moved::add);
        return FilterGroup.of(rules, rule -> byRoutes(rule) || moved.contains(rule));
    }

    private String noFilterLeft(Site site, int count) {
        return site + ": its " + count
                + (count == 1 ? " fault filter is" : " fault filters are")
                + " taken by rules that act before this one; rules of named routes"
                + (node.runtimeLayer().isEmpty() ? "" : " or of one cluster each")
                + " share filters as long as no request is in two of them; otherwise stop one, or start the server with more"
                + " (--fault-filters)";
    }

    /** By a rule that had a filter before, if there is one. */
    private String slotKey(Site site, FilterGroup group) {
        List<String> keys =
                group.rules().stream().map(rule -> slotKey(site, rule)).toList();
        return keys.stream().filter(before.slots()::containsKey).findFirst().orElse(keys.get(0));
    }

    private static String slotKey(Site site, ActiveRule rule) {
        return site.filters().get(0) + '\n' + rule.key();
    }

    private void placeInFilter(Site site, ActiveRule rule, String filter) {
        verdict(rule).by(site.inserted() ? Way.LDS : Way.ECDS);
        int millionths = rule.millionths(now);
        boolean ramps =
                rule.rule().schedule().ramp() != null && !node.runtimeLayer().isEmpty();
        if (millionths == 0 && !ramps) {
            return;
        }
        HTTPFault fault = HttpFaults.of(rule.rule(), ramps ? 0 : millionths, ramps ? key(rule) : "", false);
        resources.put("ecds " + filter, FaultFilters.config(filter, fault).withTtl(timeToLive));
    }

    /**
     * Puts a fault into the routes of a site's managers.
     *
     * @param discovered the filter to configure; empty = the one that stands in each manager
     */
    private void placeInRoutes(Site site, ActiveRule rule, String discovered, Way way) {
        boolean switched = !node.runtimeLayer().isEmpty();
        int millionths = rule.millionths(now);
        HTTPFault fault = HttpFaults.of(
                rule.rule(),
                switched ? 0 : millionths,
                switched ? key(rule) : "",
                byRoutes(rule) || !discovered.isEmpty());
        if (placeInRoutes(site, rule, discovered, Any.pack(fault), switched || millionths > 0)) {
            verdict(rule).by(way);
            if (!switched) {
                verdict(rule)
                        .note("the node has no runtime layer for us, so that the fault stays in its routes if this"
                                + " server dies before the rule ends");
            }
        }
    }

    /**
     * Puts a filter's configuration into the routes of a site's managers.
     *
     * @param now whether they are to have it now
     * @return whether there is a place for it
     */
    private boolean placeInRoutes(Site site, ActiveRule rule, String discovered, Any config, boolean now) {
        Verdict verdict = verdict(rule);
        Set<String> done = new HashSet<>();
        boolean reached = false;
        for (ListenerShape.Manager manager : site.managers()) {
            String filter = discovered.isEmpty() ? manager.faultFilter() : discovered;
            String name = manager.routeName();
            RouteConfiguration from = name == null ? null : routes.getOrDefault(name, base.routes(manager));
            if (filter == null) {
                verdict.not(site + ": there is no fault filter, and none may be put into it");
                continue;
            }
            if (name == null || from == null) {
                verdict.not(site + ": its routes stand in it or are not known, and so cannot be changed alone");
                continue;
            }
            if (!done.add(name + '\n' + filter)) {
                continue;
            }
            Routes.Placed placed = Routes.place(from, rule.rule().scope(), filter, config);
            if (placed.occupied() > 0) {
                verdict.not("route configuration " + name + ": " + placed.occupied()
                        + (placed.occupied() == 1 ? " place has" : " places have")
                        + " a fault already, of its owner or of a rule that acts before this one");
            } else if (placed.places() == 0) {
                verdict.not("route configuration " + name + ": no route of it is what the scope names");
            }
            if (placed.places() > 0) {
                reached = true;
                if (now) {
                    routes.put(name, placed.routes());
                }
            }
        }
        return reached;
    }

    /** The runtime key that holds a rule's percentage, which is gone with the runtime layer's time to live. */
    private String key(ActiveRule rule) {
        String key = "mishap." + rule.namespace() + '.' + rule.rule().name();
        FractionalPercent share = HttpFaults.share(rule.millionths(now));
        runtime.putFields(
                key,
                Value.newBuilder()
                        .setStructValue(Struct.newBuilder()
                                .putFields("numerator", number(share.getNumerator()))
                                .putFields(
                                        "denominator",
                                        Value.newBuilder()
                                                .setStringValue(
                                                        share.getDenominator().name())
                                                .build()))
                        .build());
        return key;
    }

    private static Value number(int n) {
        return Value.newBuilder().setNumberValue(n).build();
    }

    private void runtime() {
        if (node.runtimeLayer().isEmpty()) {
            return;
        }
        Resource layer = Resource.of(Runtime.newBuilder()
                .setName(node.runtimeLayer())
                .setLayer(runtime)
                .build());
        // An empty layer has nothing to lose, and needs no heartbeats.
        resources.put("rtds", runtime.getFieldsCount() == 0 ? layer : layer.withTtl(timeToLive));
    }

    private void insert(String listener) {
        Resource from = base.listener(listener);
        if (from == null) {
            return;
        }
        List<HttpFilter> inserted = new ArrayList<>(FaultFilters.of(listener, filters));
        inserted.addAll(FaultFilters.ofRoutes(listener, routeFilters()));
        try {
            resources.put(
                    "lds " + listener,
                    Resource.of(TypeUrls.LISTENER, listener, FaultFilters.insert(from.body(), inserted)));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("it was parsed before", e);
        }
    }
}
