package dev.mishap.rules.importer;

import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Tag;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Injection;
import dev.mishap.rules.experiment.Slo;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.yaml.Tree;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The experiment template of the chaos guide: {@code chaos.litmus.io/v1alpha1} ChaosExperiment, which looks like Litmus and
 * is not (the real group is {@code litmuschaos.io}). PERCENTAGE is the share of the cohort's requests, BLAST_RADIUS the cohort.
 */
final class GuideImporter implements Importer {
    private static final String PREFIX = "chaos.litmus.io/";

    @Override
    public String name() {
        return "chaos.litmus.io/v1alpha1 ChaosExperiment (the chaos guide's template)";
    }

    @Override
    public boolean accepts(Tree document) {
        return Importer.inGroup(document, "chaos.litmus.io");
    }

    @Override
    public void read(List<Tree> documents, Import into) {
        documents.forEach(d -> read(d, into));
    }

    private static void read(Tree document, Import into) {
        int before = into.problems.count();
        into.onlyThese(document, Set.of("apiVersion", "kind", "metadata", "spec"));
        if (!"ChaosExperiment".equals(document.textOf("kind"))) {
            into.problems.add(document, "expected kind ChaosExperiment");
        }
        Tree metadata = into.need(document, "metadata");
        Tree spec = into.need(document, "spec");
        if (metadata == null || spec == null) {
            return;
        }
        into.onlyThese(metadata, Set.of("name", "namespace", "labels"));
        into.onlyThese(spec, Set.of("engine", "experiment"));
        Tree name = into.need(metadata, "name");
        Tree engine = into.need(spec, "engine");
        Tree experiment = into.need(spec, "experiment");
        if (name == null || engine == null || experiment == null) {
            return;
        }
        into.onlyThese(engine, Set.of("appns", "appLabel", "chaosServiceAccount"));
        into.onlyThese(experiment, Set.of("components", "annotations"));
        Tree components = into.need(experiment, "components");
        into.onlyThese(components, Set.of("env"));
        ChaosEnv env = new ChaosEnv(into);
        if (components != null) {
            env.addAll(components.itemsOf("env"));
        }
        Map<String, String> labels = labels(metadata, engine, into);
        String target = target(into.need(engine, "appLabel"), into);
        String namespace = namespace(metadata, engine, into);
        Annotations annotations = Annotations.of(experiment.get("annotations"), into);
        Abort abort = abort(env, experiment, into);
        Long seconds = into.whole(env.need("TOTAL_CHAOS_DURATION", experiment), 1, 86_400);
        Percentage percentage = env.percentage("PERCENTAGE", Percentage.FULL);
        Percentage radius = env.percentage("BLAST_RADIUS", Experiment.DEFAULT_BLAST_RADIUS);
        Tree radiusAt = env.get("BLAST_RADIUS");
        boolean rollback = rollback(env.get("AUTO_ROLLBACK"), into);
        Tree check = env.get("SLO_CHECK");
        Slo slo = check == null ? null : into.problems.attempt(check, () -> Slo.parse(check.text()));
        env.refuseTheRest();
        if (into.problems.count() > before || abort == null || seconds == null || target == null) {
            return;
        }
        String id = annotations.id == null ? name.text() : annotations.id;
        Experiment made = into.problems.attempt(
                radiusAt == null ? document : radiusAt,
                () -> new Experiment(
                        id,
                        name.text(),
                        namespace,
                        labels,
                        "",
                        List.of(new Injection(target, Scope.ANY, percentage, abort)),
                        radius,
                        null,
                        CohortKey.TRACE_ID,
                        id,
                        null,
                        Duration.ofSeconds(seconds),
                        null,
                        Experiment.Baseline.DEFAULT,
                        slo == null ? List.of() : List.of(slo),
                        rollback ? Experiment.AutoRollback.DEFAULT : new Experiment.AutoRollback(Set.of(), null),
                        Experiment.Recovery.DEFAULT,
                        Experiment.DEFAULT_POLL,
                        Experiment.DEFAULT_BREACH_POLLS,
                        new Tag(null, annotations.observe)));
        if (made != null) {
            into.experiments.add(made);
        }
    }

    private static Map<String, String> labels(Tree metadata, Tree engine, Import into) {
        Map<String, String> labels = new TreeMap<>();
        Tree given = metadata.get("labels");
        if (given != null) {
            given.fields().forEach((label, value) -> labels.put(label, value.text()));
        }
        String account = engine.textOf("chaosServiceAccount");
        if (account != null) {
            labels.put(PREFIX + "service-account", account);
            into.note("chaosServiceAccount is kept as a label: no access to a cluster is needed");
        }
        return labels;
    }

    /** {@code app=payment-gateway}: the value is the service. */
    static @Nullable String target(@Nullable Tree label, Import into) {
        if (label == null) {
            return null;
        }
        int equals = label.text().indexOf('=');
        if (equals <= 0 || equals == label.text().length() - 1 || label.text().contains(",")) {
            into.problems.add(label, "expected one label such as app=payment-gateway, found " + label.found());
            return null;
        }
        return label.text().substring(equals + 1).trim();
    }

    private static @Nullable String namespace(Tree metadata, Tree engine, Import into) {
        String own = metadata.textOf("namespace");
        Tree app = engine.get("appns");
        if (app != null && own != null && !app.text().equals(own)) {
            into.problems.add(app, "cannot be carried over: differs from metadata.namespace '" + own + "'");
        }
        return app == null ? own : app.text();
    }

    private static @Nullable Abort abort(ChaosEnv env, Tree at, Import into) {
        Tree type = env.need("FAULT_TYPE", at);
        if (type != null && !type.text().equals("http_error")) {
            into.problems.add(type, "variable FAULT_TYPE: expected http_error, found " + type.found());
            return null;
        }
        Long code = into.whole(env.need("ERROR_CODE", at), 200, 599);
        return code == null ? null : Abort.http(code.intValue());
    }

    private static boolean rollback(@Nullable Tree value, Import into) {
        if (value != null && !value.text().equals("true") && !value.text().equals("false")) {
            into.problems.add(value, "variable AUTO_ROLLBACK: expected true or false, found " + value.found());
        }
        return value == null || value.text().equals("true");
    }

    private static final class Annotations {
        private @Nullable String id;
        private boolean observe = true;

        static Annotations of(@Nullable Tree tree, Import into) {
            Annotations annotations = new Annotations();
            into.onlyThese(tree, Set.of(PREFIX + "observe", PREFIX + "experiment-id"));
            if (tree != null) {
                annotations.id = tree.textOf(PREFIX + "experiment-id");
                annotations.observe = !"false".equals(tree.textOf(PREFIX + "observe"));
            }
            return annotations;
        }
    }
}
