package dev.mishap.control.compile;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.rules.Scope;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Faults for stock Envoys: HTTPFaults in the fault filters of listeners, or in routes. */
final class EnvoyPlan {
    private final NodeCapabilities node;
    private final BaseShape base;
    private final Duration timeToLive;
    private final boolean mayInsert;
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
            NodePlan before,
            Map<String, Verdict> verdicts,
            Map<String, Resource> resources) {
        this.node = node;
        this.base = base;
        this.timeToLive = timeToLive;
        this.mayInsert = mayInsert;
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
        for (Site site : Site.all(base, insertions, listener -> needsFilters(listener, possible))) {
            place(site, possible.stream().filter(r -> concerns(r, site)).toList());
        }
        routes.forEach((name, changed) ->
                resources.put("rds " + name, Resource.of(TypeUrls.ROUTE, name, changed.toByteString())));
        runtime();
        insertions.forEach(this::insert);
        return new NodePlan(List.of(), Map.of(), slots, insertions);
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
                                                || node.runtimeLayer().isEmpty() && !byRoutes(rule))));
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

    private void place(Site site, List<ActiveRule> rules) {
        int count = site.filters().size();
        if (count == 0) {
            rules.forEach(rule -> placeInRoutes(site, rule, "", Way.RDS));
            return;
        }
        for (ActiveRule rule : rules.subList(Math.min(count, rules.size()), rules.size())) {
            verdict(rule).not(site + ": its " + count + " fault filters are taken by rules that act before this one");
        }
        List<ActiveRule> placed = rules.subList(0, Math.min(count, rules.size()));
        List<String> keys = placed.stream().map(rule -> slotKey(site, rule)).toList();
        List<Integer> assigned = SlotAssignment.assign(keys, count, before.slots());
        for (int i = 0; i < placed.size(); i++) {
            ActiveRule rule = placed.get(i);
            String filter = site.filters().get(assigned.get(i));
            slots.put(keys.get(i), assigned.get(i));
            if (byRoutes(rule)) {
                placeInRoutes(site, rule, filter, Way.RDS);
            } else {
                placeInFilter(site, rule, filter);
            }
        }
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
        Verdict verdict = verdict(rule);
        boolean switched = !node.runtimeLayer().isEmpty();
        Set<String> done = new HashSet<>();
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
            int millionths = rule.millionths(now);
            HTTPFault fault =
                    HttpFaults.of(rule.rule(), switched ? 0 : millionths, switched ? key(rule) : "", byRoutes(rule));
            Routes.Placed placed = Routes.place(from, rule.rule().scope(), filter, fault);
            if (placed.occupied() > 0) {
                verdict.not("route configuration " + name + ": " + placed.occupied()
                        + (placed.occupied() == 1 ? " place has" : " places have")
                        + " a fault already, of its owner or of a rule that acts before this one");
            } else if (placed.places() == 0) {
                verdict.not("route configuration " + name + ": no route of it is what the scope names");
            }
            if (placed.places() > 0) {
                verdict.by(way);
                if (switched || millionths > 0) {
                    routes.put(name, placed.routes());
                }
                if (!switched) {
                    verdict.note("the node has no runtime layer for us, so that the fault stays in its routes if this"
                            + " server dies before the rule ends");
                }
            }
        }
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
        try {
            resources.put(
                    "lds " + listener,
                    Resource.of(TypeUrls.LISTENER, listener, FaultFilters.insert(listener, from.body())));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("it was parsed before", e);
        }
    }
}
