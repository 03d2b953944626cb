package dev.mishap.control.compile;

import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.rules.RuleProtos;
import dev.mishap.control.xds.Resource;
import dev.mishap.filters.http.fault.v1.HttpFault;
import dev.mishap.filters.network.fault.v1.NetworkFault;
import dev.mishap.rules.Targets;
import dev.mishap.rules.fault.Fault;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Faults for our own proxies: whole rules, which the proxy executes with its own clock, limits and draws. The configuration has a time to
 * live, so that the rules end when this server does.
 */
final class MishapPlan {
    private final NodeCapabilities node;
    private final BaseShape base;
    private final Duration timeToLive;
    private final Map<String, Verdict> verdicts;
    private final Map<String, Resource> resources;

    MishapPlan(
            NodeCapabilities node,
            BaseShape base,
            Duration timeToLive,
            Map<String, Verdict> verdicts,
            Map<String, Resource> resources) {
        this.node = node;
        this.base = base;
        this.timeToLive = timeToLive;
        this.verdicts = verdicts;
        this.resources = resources;
    }

    /** Whether a listener of this base takes whole rules. */
    static boolean hasPlaces(BaseShape base) {
        return base.listeners().stream()
                .flatMap(listener -> listener.managers().stream())
                .anyMatch(manager -> !manager.slots(ListenerShape.Accepts.RULES).isEmpty());
    }

    NodePlan plan(List<ActiveRule> rules) {
        for (ActiveRule rule : rules) {
            Fault.Kind kind = rule.rule().fault().kind();
            Verdict verdict = verdict(rule);
            if (!node.faults().contains(kind)) {
                verdict.not("spec.fault." + kind.field() + ": the node's build does not execute it");
            } else if (kind.plane() == Fault.Plane.DNS) {
                verdict.not(
                        "spec.fault.dns: the node's configuration has no filter of DNS that takes rules by discovery");
            } else if (isUpstream(rule)) {
                verdict.not(
                        "spec.fault." + kind.field()
                                + ": it acts on connections upstream, and no cluster's configuration comes by discovery of its own");
            }
        }
        List<ActiveRule> possible =
                rules.stream().filter(rule -> !verdict(rule).hopeless()).toList();
        Set<String> done = new HashSet<>();
        for (ListenerShape listener : base.listeners()) {
            listener.connectionSlots().stream().filter(done::add).forEach(slot -> fill(slot, listener, possible));
        }
        for (ListenerShape listener : base.listeners()) {
            for (ListenerShape.Manager manager : listener.managers()) {
                for (ListenerShape.Slot slot : manager.slots(ListenerShape.Accepts.RULES)) {
                    if (done.add(slot.name())) {
                        fill(slot.name(), listener, manager, possible);
                    }
                }
            }
        }
        if (!node.runtimeLayer().isEmpty()) {
            resources.put(
                    "rtds",
                    Resource.of(
                            Runtime.newBuilder().setName(node.runtimeLayer()).build()));
        }
        return NodePlan.NONE;
    }

    private static boolean isUpstream(ActiveRule rule) {
        return rule.rule().scope().isUpstream(rule.rule().fault());
    }

    private static boolean is(ActiveRule rule, Fault.Plane plane, ListenerShape listener) {
        List<String> wanted = rule.rule().scope().listeners();
        return rule.rule().fault().kind().plane() == plane && (wanted.isEmpty() || wanted.contains(listener.name()));
    }

    /** Rules about connections. */
    private void fill(String filter, ListenerShape listener, List<ActiveRule> possible) {
        NetworkFault.Builder config = NetworkFault.newBuilder();
        for (ActiveRule rule : possible) {
            if (is(rule, Fault.Plane.CONNECTION, listener)) {
                config.addRules(RuleProtos.toProto(rule.rule().withTargets(Targets.ALL)));
                verdict(rule).by(Way.RULES);
            }
        }
        if (config.getRulesCount() > 0) {
            resources.put(
                    "ecds " + filter,
                    FaultFilters.config(filter, config.build()).withTtl(timeToLive));
        }
    }

    /** Rules about requests. */
    private void fill(String filter, ListenerShape listener, ListenerShape.Manager manager, List<ActiveRule> possible) {
        HttpFault.Builder config = HttpFault.newBuilder();
        for (ActiveRule rule : possible) {
            if (is(rule, Fault.Plane.REQUEST, listener)
                    && base.mayReach(manager, rule.rule().scope())) {
                config.addRules(RuleProtos.toProto(rule.rule().withTargets(Targets.ALL)));
                verdict(rule).by(Way.RULES);
            }
        }
        if (config.getRulesCount() > 0) {
            resources.put(
                    "ecds " + filter,
                    FaultFilters.config(filter, config.build()).withTtl(timeToLive));
        }
    }

    private Verdict verdict(ActiveRule rule) {
        Verdict verdict = verdicts.get(rule.key());
        if (verdict == null) {
            throw new AssertionError(rule.key());
        }
        return verdict;
    }
}
