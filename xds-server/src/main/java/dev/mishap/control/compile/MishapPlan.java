package dev.mishap.control.compile;

import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.rules.RuleProtos;
import dev.mishap.control.xds.Resource;
import dev.mishap.filters.http.fault.v1.HttpFault;
import dev.mishap.filters.network.fault.v1.NetworkFault;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Source;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.v1.RuleSet;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
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

    /** Whether rules about requests have a place of ours in this base; else they are put where an Envoy has them. */
    static boolean takesRequests(BaseShape base) {
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
        fillQuestions(possible);
        fillClusters(possible);
        possible.forEach(this::explain);
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
        return rule.rule().fault().kind().plane() == plane
                && !isUpstream(rule)
                && (wanted.isEmpty() || wanted.contains(listener.name()));
    }

    /** Rules about the questions that clients ask. Listeners of one resolver, for UDP and TCP, share their rules. */
    private void fillQuestions(List<ActiveRule> possible) {
        Map<String, Set<String>> listeners = new LinkedHashMap<>();
        for (ListenerShape listener : base.listeners()) {
            listener.questionSlots()
                    .forEach(slot -> listeners
                            .computeIfAbsent(slot, s -> new LinkedHashSet<>())
                            .add(listener.name()));
        }
        listeners.forEach((slot, names) -> {
            RuleSet.Builder rules = RuleSet.newBuilder();
            for (ActiveRule rule : possible) {
                Scope scope = rule.rule().scope();
                if (rule.rule().fault().kind().plane() == Fault.Plane.DNS
                        // No client asks for a cluster.
                        && scope.clusters().isEmpty()
                        && (scope.listeners().isEmpty()
                                || scope.listeners().stream().anyMatch(names::contains))) {
                    // Where they are is who they are for: the rule may name one of the listeners only.
                    add(rule, rule.rule().withScope(scope.withListeners(List.of())), rules);
                }
            }
            put(slot, rules);
        });
    }

    /** Rules about connections to clusters, and about the questions for them. */
    private void fillClusters(List<ActiveRule> possible) {
        for (ClusterShape cluster : base.clusters()) {
            RuleSet.Builder rules = RuleSet.newBuilder();
            for (ActiveRule rule : possible) {
                Scope scope = rule.rule().scope();
                boolean named = scope.clusters().isEmpty() || scope.clusters().contains(cluster.name());
                boolean asked = rule.rule().fault().kind().plane() == Fault.Plane.DNS
                        && cluster.asks()
                        && scope.listeners().isEmpty()
                        && scope.source().equals(Source.ANY)
                        && scope.cohort().percent().isFull();
                if (named && (asked || isUpstream(rule))) {
                    add(rule, rule.rule(), rules);
                }
            }
            put(cluster.slot(), rules);
        }
    }

    private void add(ActiveRule rule, FaultRule placed, RuleSet.Builder to) {
        to.addRules(RuleProtos.toProto(rule.place(placed)));
        verdict(rule).by(Way.RULES);
    }

    private void put(String slot, RuleSet.Builder rules) {
        if (rules.getRulesCount() > 0) {
            resources.put(
                    "ecds " + slot, FaultFilters.config(slot, rules.build()).withTtl(timeToLive));
        }
    }

    /** Says why a rule that could act here has no place to act in. */
    private void explain(ActiveRule rule) {
        Verdict verdict = verdict(rule);
        Fault.Kind kind = rule.rule().fault().kind();
        if (verdict.placed()) {
            return;
        }
        if (isUpstream(rule)) {
            verdict.not(
                    base.clusters().isEmpty()
                            ? "spec.fault." + kind.field()
                                    + ": it acts on connections upstream, and no cluster of the node's configuration"
                                    + " discovers rules (mishap.clusters.fault)"
                            : "no cluster of the node that discovers rules is what the scope names");
        } else if (kind.plane() == Fault.Plane.DNS) {
            boolean none = base.clusters().stream().noneMatch(ClusterShape::asks)
                    && base.listeners().stream()
                            .allMatch(listener -> listener.questionSlots().isEmpty());
            verdict.not(
                    none
                            ? "spec.fault.dns: no listener for DNS of the node's configuration discovers rules, and no cluster whose"
                                    + " endpoints DNS is asked for"
                            : "no listener for DNS, and no cluster whose endpoints DNS is asked for, is what the scope names");
        }
    }

    /** Rules about connections of clients. */
    private void fill(String filter, ListenerShape listener, List<ActiveRule> possible) {
        NetworkFault.Builder config = NetworkFault.newBuilder();
        for (ActiveRule rule : possible) {
            if (is(rule, Fault.Plane.CONNECTION, listener)) {
                config.addRules(RuleProtos.toProto(rule.placed()));
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
                config.addRules(RuleProtos.toProto(rule.placed()));
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
