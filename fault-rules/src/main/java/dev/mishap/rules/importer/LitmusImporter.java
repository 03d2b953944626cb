package dev.mishap.rules.importer;

import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Tag;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Injection;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Reset;
import dev.mishap.rules.yaml.Tree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Litmus: a ChaosEngine (which names the target) with the defaults of the ChaosExperiments in the same file. The HTTP faults of
 * pods that a proxy can do are read; each becomes an experiment on all traffic, for Litmus knows no cohort. Litmus draws
 * TOXICITY per connection, we per request.
 */
final class LitmusImporter implements Importer {
    private static final Set<String> MECHANICS = Set.of(
            "NETWORK_INTERFACE",
            "TARGET_SERVICE_PORT",
            "PROXY_PORT",
            "TARGET_CONTAINER",
            "CONTAINER_RUNTIME",
            "SOCKET_PATH",
            "LIB",
            "LIB_IMAGE",
            "LIB_IMAGE_PULL_POLICY",
            "CHAOS_INTERVAL",
            "SEQUENCE",
            "DEFAULT_HEALTH_CHECK",
            "STATUS_CHECK_DELAY",
            "STATUS_CHECK_TIMEOUT",
            "SET_HELPER_DATA",
            "TERMINATION_GRACE_PERIOD_SECONDS",
            "JOB_CLEANUP_POLICY");

    @Override
    public String name() {
        return "litmuschaos.io/v1alpha1 ChaosEngine and ChaosExperiment (Litmus)";
    }

    @Override
    public boolean accepts(Tree document) {
        return Importer.inGroup(document, "litmuschaos.io");
    }

    @Override
    public void read(List<Tree> documents, Import into) {
        Map<String, Tree> definitions = new HashMap<>();
        List<Tree> engines = new ArrayList<>();
        for (Tree document : documents) {
            String kind = document.textOf("kind");
            Tree metadata = into.need(document, "metadata");
            Tree name = metadata == null ? null : into.need(metadata, "name");
            if ("ChaosEngine".equals(kind)) {
                engines.add(document);
            } else if ("ChaosExperiment".equals(kind) && name != null) {
                definitions.put(name.text(), document);
            } else if (name != null) {
                into.problems.add(document, "expected kind ChaosEngine or ChaosExperiment");
            }
        }
        if (engines.isEmpty() && !definitions.isEmpty()) {
            into.problems.add(
                    documents.get(0),
                    "a ChaosExperiment has no target: the file needs the ChaosEngine that runs it, too");
        }
        engines.forEach(engine -> engine(engine, definitions, into));
    }

    private static void engine(Tree document, Map<String, Tree> definitions, Import into) {
        into.onlyThese(document, Set.of("apiVersion", "kind", "metadata", "spec"));
        Tree metadata = document.get("metadata");
        Tree spec = into.need(document, "spec");
        if (metadata == null || spec == null) {
            return;
        }
        into.onlyThese(metadata, Set.of("name", "namespace", "labels"));
        into.onlyThese(
                spec,
                Set.of(
                        "engineState",
                        "annotationCheck",
                        "appinfo",
                        "chaosServiceAccount",
                        "jobCleanUpPolicy",
                        "terminationGracePeriodSeconds",
                        "components",
                        "experiments",
                        "defaultHealthCheck"));
        for (String mechanic : List.of(
                "jobCleanUpPolicy",
                "terminationGracePeriodSeconds",
                "components",
                "annotationCheck",
                "defaultHealthCheck")) {
            if (spec.get(mechanic) != null) {
                into.note("spec." + mechanic + " has no meaning here");
            }
        }
        Tree state = spec.get("engineState");
        if (state != null && !state.text().equals("active")) {
            into.problems.add(state, "cannot be carried over: expected active, found " + state.found());
        }
        Tree app = into.need(spec, "appinfo");
        Tree experiments = into.need(spec, "experiments");
        if (app == null || experiments == null) {
            return;
        }
        into.onlyThese(app, Set.of("appns", "applabel", "appkind"));
        String target = GuideImporter.target(into.need(app, "applabel"), into);
        Map<String, String> labels = new TreeMap<>();
        Tree given = metadata.get("labels");
        if (given != null) {
            given.fields().forEach((label, value) -> labels.put(label, value.text()));
        }
        keep(labels, "litmuschaos.io/service-account", spec.textOf("chaosServiceAccount"));
        keep(labels, "litmuschaos.io/app-kind", app.textOf("appkind"));
        String namespace = app.textOf("appns") == null ? metadata.textOf("namespace") : app.textOf("appns");
        String engineName = String.valueOf(metadata.textOf("name"));
        boolean several = experiments.items().size() > 1;
        for (Tree experiment : experiments.items()) {
            experiment(experiment, engineName, several, target, namespace, labels, definitions, into);
        }
    }

    private static void keep(Map<String, String> labels, String label, @Nullable String value) {
        if (value != null) {
            labels.put(label, value);
        }
    }

    private static void experiment(
            Tree tree,
            String engine,
            boolean several,
            @Nullable String target,
            @Nullable String namespace,
            Map<String, String> labels,
            Map<String, Tree> definitions,
            Import into) {
        int before = into.problems.count();
        into.onlyThese(tree, Set.of("name", "spec"));
        Tree name = into.need(tree, "name");
        if (name == null) {
            return;
        }
        ChaosEnv env = new ChaosEnv(into);
        Tree definition = definitions.get(name.text());
        if (definition != null) {
            env.addAll(at(at(definition, "spec"), "definition").itemsOf("env"));
        }
        Tree spec = at(tree, "spec");
        into.onlyThese(spec, Set.of("components", "probe"));
        into.refuse(spec, "probe", "write it as an SLO of the experiment");
        Tree components = at(spec, "components");
        into.onlyThese(
                components,
                Set.of("env", "statusCheckTimeouts", "resources", "experimentImage", "nodeSelector", "tolerations"));
        env.addAll(components.itemsOf("env"));

        List<Fault> faults = faults(name, env, into);
        Long seconds = into.whole(env.need("TOTAL_CHAOS_DURATION", tree), 1, 604_800);
        Percentage toxicity = env.percentage("TOXICITY", Percentage.FULL);
        if (faults.size() > 1 && !toxicity.isFull()) {
            into.problems.add(
                    tree,
                    "RESET_TIMEOUT with a TOXICITY under 100 cannot be carried over: delay and reset would be drawn apart");
        }
        env.onlyIf("PODS_AFFECTED_PERC", "a proxy stands in front of every instance", "100");
        env.onlyIf("TARGET_PODS", "a proxy stands in front of every instance");
        env.onlyIf("NODE_LABEL", "a proxy stands in front of every instance");
        env.onlyIf("RANDOMNESS", "the duration would be random", "false");
        env.onlyIf("RAMP_TIME", "there is no waiting before and after", "0");
        env.mechanics(MECHANICS);
        env.refuseTheRest();
        if (into.problems.count() > before || seconds == null || target == null) {
            return;
        }
        into.note("Litmus draws TOXICITY for each connection; here it is drawn for each request");
        String id = several ? engine + "-" + name.text() : engine;
        Experiment made = into.problems.attempt(
                tree,
                () -> new Experiment(
                        id,
                        id,
                        namespace,
                        labels,
                        "",
                        faults.stream()
                                .map(f -> new Injection(target, Scope.ANY, toxicity, f))
                                .toList(),
                        Percentage.FULL,
                        null,
                        CohortKey.TRACE_ID,
                        id,
                        null,
                        Duration.ofSeconds(seconds),
                        null,
                        Experiment.Baseline.DEFAULT,
                        List.of(),
                        Experiment.AutoRollback.DEFAULT,
                        Experiment.Recovery.DEFAULT,
                        Experiment.DEFAULT_POLL,
                        Experiment.DEFAULT_BREACH_POLLS,
                        new Tag(null, true)));
        if (made != null) {
            into.experiments.add(made);
        }
    }

    private static Tree at(Tree tree, String field) {
        Tree value = tree.get(field);
        return value == null ? Tree.atStart() : value;
    }

    private static List<Fault> faults(Tree name, ChaosEnv env, Import into) {
        List<Fault> faults = new ArrayList<>();
        switch (name.text()) {
            case "pod-http-status-code" -> {
                into.note(
                        "pod-http-status-code changes the answer of the pod; here the request is answered before it gets there");
                Long status = into.whole(env.need("STATUS_CODE", name), 200, 599);
                env.onlyIf("MODIFY_RESPONSE_BODY", "an abort has no body of the upstream to keep", "true");
                env.onlyIf("CONTENT_TYPE", "the body of an abort is text/plain", "text/plain");
                env.onlyIf("CONTENT_ENCODING", "the body of an abort is not encoded");
                String body = env.text("RESPONSE_BODY", "");
                if (status != null) {
                    faults.add(Abort.http(status.intValue(), body.isEmpty() ? null : body));
                }
            }
            case "pod-http-latency" -> {
                Long millis = into.whole(env.need("LATENCY", name), 1, Delay.MAX.toMillis());
                if (millis != null) {
                    faults.add(new Delay(Duration.ofMillis(millis)));
                }
            }
            case "pod-http-reset-peer" -> {
                Tree timeout = env.get("RESET_TIMEOUT");
                Long millis = timeout == null ? Long.valueOf(0) : into.whole(timeout, 0, Delay.MAX.toMillis());
                if (millis != null && millis > 0) {
                    faults.add(new Delay(Duration.ofMillis(millis)));
                }
                faults.add(new Reset());
            }
            default ->
                into.problems.add(
                        name,
                        "fault " + name.found()
                                + " cannot be carried over; known: pod-http-status-code, pod-http-latency, pod-http-reset-peer");
        }
        return faults;
    }
}
