package dev.mishap.rules.importer;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.RuleReader;
import dev.mishap.rules.yaml.Tree;
import dev.mishap.rules.yaml.TreeReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads any file of rules or experiments: ours, and those of the tools that there is an importer for. */
public final class RuleFiles {
    /** A new importer is a line here. */
    private static final List<Importer> IMPORTERS =
            List.of(new NativeImporter(), new GuideImporter(), new LitmusImporter(), new IstioImporter());

    private RuleFiles() {}

    /**
     * Reads all documents of a text.
     *
     * @param file how problems call it
     */
    public static ImportResult read(String text, String file) {
        return read(text, file, Map.of());
    }

    /**
     * As {@link #read(String, String)}.
     *
     * @param environment values in the place of environment variables that a Litmus file or the guide's template sets
     */
    public static ImportResult read(String text, String file, Map<String, String> environment) {
        return read(text, file, environment, false);
    }

    /** As {@link #read(String, String)}, of rules that may say what only a control plane reads. */
    public static ImportResult readForFleet(String text, String file) {
        return read(text, file, Map.of(), true);
    }

    private static ImportResult read(String text, String file, Map<String, String> environment, boolean forFleet) {
        Problems problems = new Problems(file);
        List<Tree> documents = TreeReader.read(text, problems);
        if (documents.isEmpty() && problems.count() == 0) {
            problems.add(Tree.atStart(), "holds no document");
        }
        Import result = new Import(problems, environment, forFleet);
        Map<Importer, List<Tree>> byImporter = new LinkedHashMap<>();
        for (Tree document : documents) {
            Importer importer = importerOf(document);
            if (importer == null) {
                unknown(document, problems);
            } else {
                byImporter.computeIfAbsent(importer, i -> new ArrayList<>()).add(document);
            }
        }
        byImporter.forEach((importer, theirs) -> importer.read(theirs, result));
        result.refuseUnusedReplacements();
        uniqueNames(documents, result);
        return problems.count() == 0
                ? new ImportResult.Imported(result.rules, result.experiments, result.notes())
                : new ImportResult.Refused(problems.list());
    }

    private static @Nullable Importer importerOf(Tree document) {
        for (Importer importer : IMPORTERS) {
            if (importer.accepts(document)) {
                return importer;
            }
        }
        return null;
    }

    private static void unknown(Tree document, Problems problems) {
        String version = document.textOf("apiVersion");
        String kind = document.textOf("kind");
        if (version == null || kind == null) {
            problems.add(
                    document,
                    "expected a mapping with apiVersion and kind, such as mishap.dev/v1 and FaultRule"
                            + (document.kind() == Tree.Kind.LIST
                                    ? ", found a list: documents of one file stand one after the other, with --- between"
                                    : ""));
        } else {
            problems.add(
                    document,
                    "apiVersion " + version + " with kind " + kind + " is not known; known: "
                            + String.join(
                                    ", ", IMPORTERS.stream().map(Importer::name).toList()));
        }
    }

    private static void uniqueNames(List<Tree> documents, Import result) {
        Set<String> names = new HashSet<>();
        for (FleetRule rule : result.rules) {
            String name = rule.rule().name();
            if (!names.add("r " + rule.namespace() + ' ' + name)) {
                result.problems.add(documents.get(0), "two rules are called '" + name + "'");
            }
        }
        for (Experiment experiment : result.experiments) {
            if (!names.add("e " + experiment.name())) {
                result.problems.add(documents.get(0), "two experiments are called '" + experiment.name() + "'");
            }
        }
    }

    /** Our own format. */
    private static final class NativeImporter implements Importer {
        @Override
        public String name() {
            return "mishap.dev/v1 FaultRule and Experiment";
        }

        @Override
        public boolean accepts(Tree document) {
            return RuleReader.isOurs(document);
        }

        @Override
        public void read(List<Tree> documents, Import into) {
            for (Tree document : documents) {
                if (into.forFleet && "FaultRule".equals(document.textOf("kind"))) {
                    FleetRule rule = RuleReader.readFleetRule(document, into.problems);
                    if (rule != null) {
                        into.rules.add(rule);
                    }
                } else {
                    List<FaultRule> rules = new ArrayList<>();
                    RuleReader.read(document, into.problems, rules, into.experiments);
                    rules.forEach(rule -> into.rules.add(FleetRule.of(rule)));
                }
            }
        }
    }
}
