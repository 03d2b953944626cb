package dev.mishap.rules.yaml;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.Scope;
import dev.mishap.rules.experiment.Experiment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads rules and experiments from YAML or JSON. All problems of a text are found in one go; with any, there is no result to be
 * half applied.
 */
public final class RuleReader {
    /** What a text holds, or what is wrong with it: one of the two is empty. */
    public record Result(List<FaultRule> rules, List<Experiment> experiments, List<Problem> problems) {
        public Result {
            rules = List.copyOf(rules);
            experiments = List.copyOf(experiments);
            problems = List.copyOf(problems);
        }

        public boolean ok() {
            return problems.isEmpty();
        }
    }

    /** What an observer counts; see docs/rules-api.md. */
    public record Observer(@Nullable String experimentId, Scope scope, Cohort cohort) {}

    private RuleReader() {}

    /**
     * Reads all documents of a text.
     *
     * @param file how problems call it
     */
    public static Result read(String text, String file) {
        Problems problems = new Problems(file);
        List<FaultRule> rules = new ArrayList<>();
        List<Experiment> experiments = new ArrayList<>();
        List<Tree> documents = TreeReader.read(text, problems);
        if (documents.isEmpty() && problems.count() == 0) {
            problems.add(0, 0, "", "holds no document");
        }
        Map<String, Integer> names = new HashMap<>();
        for (Tree document : documents) {
            read(document, problems, rules, experiments);
            Tree metadata = document.get("metadata");
            String name = metadata == null ? null : metadata.textOf("name");
            if (metadata != null && name != null) {
                Integer earlier = names.putIfAbsent(document.textOf("kind") + " " + name, document.line());
                if (earlier != null) {
                    problems.add(metadata, "name '" + name + "' is taken by the document in line " + earlier);
                }
            }
        }
        return problems.count() == 0
                ? new Result(rules, experiments, List.of())
                : new Result(List.of(), List.of(), problems.list());
    }

    /** Reads one document of ours, which adds to one of the lists or to the problems. */
    public static void read(Tree document, Problems problems, List<FaultRule> rules, List<Experiment> experiments) {
        if (document.kind() != Tree.Kind.MAP) {
            problems.add(document, "expected a mapping with apiVersion and kind, found " + document.found());
            return;
        }
        String kind = document.textOf("kind");
        if ("FaultRule".equals(kind)) {
            FaultRule rule = rule(document, Shapes.FAULT_RULE, problems);
            if (rule != null) {
                rules.add(rule);
            }
        } else if ("Experiment".equals(kind)) {
            Experiment experiment = experiment(document, problems);
            if (experiment != null) {
                experiments.add(experiment);
            }
        } else {
            Tree at = document.get("kind");
            if (at == null) {
                problems.add(document, "field 'kind' is missing; expected FaultRule or Experiment");
            } else {
                problems.add(at, "expected FaultRule or Experiment, found " + at.found());
            }
        }
    }

    /** Whether a document says that it is one of ours. */
    public static boolean isOurs(Tree document) {
        String version = document.textOf("apiVersion");
        return version != null && version.startsWith("mishap.dev/");
    }

    /** Reads a text that must hold exactly one rule. */
    public static Result readRule(String text, String file) {
        Result result = read(text, file);
        if (result.ok() && (result.rules().size() != 1 || !result.experiments().isEmpty())) {
            return new Result(
                    List.of(), List.of(), List.of(new Problem(file, 0, 0, "", "expected exactly one FaultRule")));
        }
        return result;
    }

    /** Reads an observer; null when there are problems, which are added. */
    public static @Nullable Observer readObserver(String text, Problems problems) {
        List<Tree> documents = TreeReader.read(text, problems);
        if (documents.isEmpty() && problems.count() == 0) {
            return new Observer(null, Scope.ANY, Cohort.ALL);
        }
        if (documents.size() != 1) {
            if (problems.count() == 0) {
                problems.add(0, 0, "", "expected one document");
            }
            return null;
        }
        Tree tree = documents.get(0);
        if (!checked(tree, Shapes.OBSERVER, problems)) {
            return null;
        }
        Builder builder = new Builder(problems);
        int before = problems.count();
        Scope scope = builder.scope(tree.get("scope"));
        Cohort cohort = builder.cohort(tree.get("cohort"));
        return problems.count() > before ? null : new Observer(tree.textOf("experimentId"), scope, cohort);
    }

    /** Reads a document that is a rule for a control plane; null when there are problems, which are added. */
    public static @Nullable FleetRule readFleetRule(Tree document, Problems problems) {
        FaultRule rule = rule(document, Shapes.FLEET_RULE, problems);
        if (rule == null) {
            return null;
        }
        Tree metadata = Builder.here(document, "metadata");
        Tree override = Builder.here(document, "spec").get("override");
        Tree namespace = metadata.get("namespace");
        return problems.attempt(
                override != null ? override : namespace != null ? namespace : metadata,
                () -> new FleetRule(
                        namespace == null ? null : namespace.text(),
                        Builder.texts(metadata, "annotations"),
                        override == null ? null : override.textOf("reason"),
                        rule));
    }

    private static @Nullable FaultRule rule(Tree tree, Shape shape, Problems problems) {
        if (!checked(tree, shape, problems)) {
            return null;
        }
        int before = problems.count();
        FaultRule rule = new Builder(problems).rule(tree);
        return problems.count() > before ? null : rule;
    }

    private static @Nullable Experiment experiment(Tree tree, Problems problems) {
        if (!checked(tree, Shapes.EXPERIMENT, problems)) {
            return null;
        }
        int before = problems.count();
        Experiment experiment = new ExperimentBuilder(problems).experiment(tree);
        return problems.count() > before ? null : experiment;
    }

    private static boolean checked(Tree tree, Shape shape, Problems problems) {
        int before = problems.count();
        new Checker(problems).check(tree, new Type.Of(shape));
        return problems.count() == before;
    }
}
