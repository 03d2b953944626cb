package dev.mishap.control.experiment;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Slo;
import dev.mishap.rules.experiment.engine.Condition;
import dev.mishap.rules.experiment.engine.Measure;
import dev.mishap.rules.experiment.engine.Plan;
import dev.mishap.rules.schedule.Ramp;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An experiment with everything resolved: every name has an address, every SLO a source, the phases are scaled.
 *
 * @param rules per target service
 * @param queries PromQL by the names that the plan's conditions use
 */
public record RunPlan(
        Experiment experiment,
        RunOptions options,
        Plan plan,
        Map<String, List<FaultRule>> rules,
        Map<String, String> queries) {
    /** How much longer than its length the baseline may wait for its requests. */
    private static final Duration BASELINE_PATIENCE = Duration.ofSeconds(60);

    private static final int LOST_POLLS = 3;
    private static final double SPIKE = 0.10;

    /**
     * Resolves an experiment.
     *
     * @throws IllegalArgumentException naming what cannot be resolved, and the flag that would do it
     */
    public static RunPlan of(Experiment experiment, RunOptions options) {
        Ramp ramp = experiment.ramp() == null
                ? null
                : new Ramp(scaled(experiment.ramp().over(), options));
        Map<String, List<FaultRule>> rules = new LinkedHashMap<>();
        for (String target : experiment.targets()) {
            if (!options.targets().containsKey(target)) {
                throw new IllegalArgumentException(
                        "no proxy is known in front of '" + target + "': say --target " + target
                                + "=http://HOST:PORT with the admin address of the proxy that its requests go through");
            }
            rules.put(target, experiment.rules(target, ramp));
        }
        for (String name : options.targets().keySet()) {
            if (!rules.containsKey(name)) {
                throw new IllegalArgumentException("--target " + name
                        + ": the experiment has no fault for it, only for " + String.join(", ", rules.keySet()));
            }
        }
        Map<String, String> queries = new TreeMap<>();
        List<Condition> conditions = conditions(experiment, options, queries);
        Set<String> services = new LinkedHashSet<>(options.observed().keySet());
        Duration baseline = scaled(experiment.baseline().duration(), options);
        Plan plan = new Plan(
                conditions,
                services,
                baseline,
                experiment.baseline().minRequests(),
                baseline.plus(BASELINE_PATIENCE),
                scaled(experiment.duration(), options),
                scaled(experiment.recovery().steadyFor(), options),
                experiment.recovery().within(),
                experiment.timeout(),
                experiment.breachPolls(),
                SPIKE,
                LOST_POLLS,
                experiment.autoRollback().on());
        return new RunPlan(experiment, options, plan, rules, queries);
    }

    /** All proxies of the run, each once. */
    Set<URI> proxies() {
        Set<URI> all = new LinkedHashSet<>();
        options.observed().values().forEach(all::addAll);
        options.targets().values().forEach(all::addAll);
        return all;
    }

    private static List<Condition> conditions(Experiment experiment, RunOptions options, Map<String, String> queries) {
        List<Condition> conditions = new ArrayList<>();
        for (Slo slo : experiment.slos()) {
            String query = options.queries().getOrDefault(slo.metric(), slo.query());
            if (query != null) {
                if (options.prometheus() == null) {
                    throw new IllegalArgumentException(
                            "'" + slo.text() + "' has a query, but no --prometheus URL is given");
                }
                queries.put(slo.metric(), query);
                conditions.add(Condition.ofQuery(
                        slo.text(),
                        slo.metric(),
                        slo.comparator(),
                        slo.threshold().doubleValue()));
            } else {
                conditions.add(ofService(slo, options));
            }
        }
        for (String name : options.queries().keySet()) {
            if (!queries.containsKey(name)) {
                throw new IllegalArgumentException(
                        "--query " + name + ": no SLO of the experiment is about that metric");
            }
        }
        if (options.prometheus() != null && queries.isEmpty()) {
            throw new IllegalArgumentException(
                    "--prometheus is given, but no SLO has a query: say --query METRIC=PROMQL");
        }
        if (experiment.slos().isEmpty()) {
            for (String service : new TreeMap<>(options.observed()).keySet()) {
                conditions.add(Condition.relativeToBaseline(
                        service + "_success_rate >= 0.9 x baseline",
                        service,
                        Measure.SUCCESS_RATE,
                        Slo.Comparator.AT_LEAST,
                        0.9));
                conditions.add(Condition.relativeToBaseline(
                        service + "_p95_latency_ms <= 1.5 x baseline",
                        service,
                        Measure.P95_LATENCY,
                        Slo.Comparator.AT_MOST,
                        1.5));
            }
            if (conditions.isEmpty()) {
                throw new IllegalArgumentException(
                        "the experiment has no SLO and no service is watched: say --observe SERVICE=http://HOST:PORT");
            }
        }
        return conditions;
    }

    private static Condition ofService(Slo slo, RunOptions options) {
        Slo.Measure wanted = slo.measure();
        if (wanted == null) {
            throw new IllegalArgumentException("'" + slo.text() + "' cannot be resolved");
        }
        String service = serviceOf(wanted, options);
        if (service == null) {
            throw new IllegalArgumentException(
                    "'" + slo.text() + "' cannot be resolved: say --observe " + wanted.service()
                            + "=http://HOST:PORT with the admin address of the proxy in front of that service, or --prometheus URL and --query "
                            + slo.metric() + "=PROMQL");
        }
        Measure measure = wanted.kind() == Slo.Kind.LATENCY
                ? Measure.latency(wanted.percentile() / 100)
                : wanted.kind() == Slo.Kind.SUCCESS_RATE ? Measure.SUCCESS_RATE : Measure.ERROR_RATE;
        return Condition.ofService(
                slo.text(), service, measure, slo.comparator(), slo.threshold().doubleValue() * wanted.unitNanos());
    }

    private static @Nullable String serviceOf(Slo.Measure measure, RunOptions options) {
        for (String service : options.observed().keySet()) {
            if (measure.isAbout(service)) {
                return service;
            }
        }
        return null;
    }

    private static Duration scaled(Duration duration, RunOptions options) {
        return Duration.ofNanos(Math.max(1, Math.round(duration.toNanos() * options.timeScale())));
    }
}
