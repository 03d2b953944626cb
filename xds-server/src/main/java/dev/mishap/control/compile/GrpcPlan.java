package dev.mishap.control.compile;

import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Faults for gRPC clients: by their routes. */
final class GrpcPlan {
    private final BaseShape base;
    private final Map<String, Verdict> verdicts;
    private final Map<String, Resource> resources;

    GrpcPlan(BaseShape base, Map<String, Verdict> verdicts, Map<String, Resource> resources) {
        this.base = base;
        this.verdicts = verdicts;
        this.resources = resources;
    }

    NodePlan plan(List<ActiveRule> rules, long epochMillis) {
        for (ActiveRule rule : rules) {
            Verdict verdict = verdict(rule);
            verdict.not(HttpFaults.inexpressible(rule.rule()));
            if (!verdict.hopeless()) {
                verdict.not(GrpcRoutes.inexpressible(rule.rule()));
            }
        }
        for (ListenerShape listener : base.listeners()) {
            for (ListenerShape.Manager manager : listener.managers()) {
                place(listener, manager, rules, epochMillis);
            }
        }
        return NodePlan.NONE;
    }

    private Verdict verdict(ActiveRule rule) {
        return Objects.requireNonNull(verdicts.get(rule.key()), rule.key());
    }

    private void place(
            ListenerShape listener, ListenerShape.Manager manager, List<ActiveRule> rules, long epochMillis) {
        RouteConfiguration routes = base.routes(manager);
        RouteConfiguration changed = routes;
        ActiveRule first = null;
        for (ActiveRule rule : rules) {
            Verdict verdict = verdict(rule);
            List<String> wanted = rule.rule().scope().listeners();
            if (verdict.hopeless()
                    || !wanted.isEmpty() && !wanted.contains(listener.name())
                    || !base.mayReach(manager, rule.rule().scope())) {
                continue;
            }
            String filter = manager.faultFilter();
            if (filter == null || manager.routeName() == null || routes == null || changed == null) {
                verdict.not("listener " + listener.name()
                        + ": a gRPC client's faults need a fault filter in it and routes that it discovers");
                continue;
            }
            int millionths = rule.millionths(epochMillis);
            HTTPFault fault = HttpFaults.of(rule.rule(), millionths, "", true);
            Routes.Placed placed = GrpcRoutes.place(changed, rule.rule(), filter, fault);
            if (placed.places() == 0) {
                verdict.not("listener " + listener.name() + ": "
                        + (placed.occupied() > 0
                                ? "its routes have a fault of their own"
                                : "none of its routes is what the scope names"));
                continue;
            }
            // Out of schedule the routes stay as they are.
            changed = millionths == 0 ? changed : placed.routes();
            verdict.by(Way.RDS);
            verdict.note(
                    "a gRPC client that loses this server without a farewell (a crash, a broken network) keeps the fault until it has one again");
            if (first != null) {
                verdict.note("of calls that rule " + first.rule().name() + " matches, too, that one acts alone");
            }
            first = first == null ? rule : first;
        }
        if (changed != null && changed != routes && manager.routeName() != null) {
            resources.put(
                    "rds " + manager.routeName(),
                    Resource.of(TypeUrls.ROUTE, manager.routeName(), changed.toByteString()));
        }
    }
}
