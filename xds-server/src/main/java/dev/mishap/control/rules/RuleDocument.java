package dev.mishap.control.rules;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.RuleReader;
import dev.mishap.rules.yaml.RuleWriter;
import dev.mishap.rules.yaml.Tree;
import dev.mishap.rules.yaml.TreeReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A rule as users write it for a control plane: a FaultRule document that may also say what concerns no proxy.
 *
 * @param annotations texts that mean nothing to Mishap; not selected by
 * @param overrideReason why it may touch more than 5 % of the traffic in production; null = it may not
 */
public record RuleDocument(
        String namespace,
        Map<String, String> annotations,
        @Nullable String overrideReason,
        FaultRule rule) {
    public RuleDocument {
        // Checks all of it.
        annotations = new FleetRule(namespace, annotations, overrideReason, rule).annotations();
    }

    /** What a text holds, or what is wrong with it: one of the two is empty. */
    public record Result(List<RuleDocument> documents, List<Problem> problems) {
        public Result {
            documents = List.copyOf(documents);
            problems = List.copyOf(problems);
        }

        public boolean ok() {
            return problems.isEmpty();
        }
    }

    public static RuleDocument of(FaultRule rule) {
        return new RuleDocument(RuleKey.DEFAULT_NAMESPACE, Map.of(), null, rule);
    }

    /** @param defaultNamespace of a rule that names none */
    public static RuleDocument of(FleetRule rule, String defaultNamespace) {
        String namespace = rule.namespace();
        return new RuleDocument(
                namespace == null ? defaultNamespace : namespace,
                rule.annotations(),
                rule.overrideReason(),
                rule.rule());
    }

    public RuleKey key() {
        return new RuleKey(namespace, rule.name());
    }

    /**
     * Reads all documents of a YAML or JSON text.
     *
     * @param file how problems call it
     * @param defaultNamespace of documents that name none
     */
    public static Result read(String text, String file, String defaultNamespace) {
        Problems problems = new Problems(file);
        List<RuleDocument> documents = new ArrayList<>();
        List<Tree> trees = TreeReader.read(text, problems);
        if (trees.isEmpty() && problems.count() == 0) {
            problems.add(Tree.atStart(), "holds no document");
        }
        for (Tree tree : trees) {
            RuleDocument document = read(tree, problems, defaultNamespace);
            if (document != null) {
                documents.add(document);
            }
        }
        return problems.count() == 0 ? new Result(documents, List.of()) : new Result(List.of(), problems.list());
    }

    /** Reads a text that must hold exactly one rule. */
    public static Result readOne(String text, String file, String defaultNamespace) {
        Result result = read(text, file, defaultNamespace);
        return result.ok() && result.documents().size() != 1
                ? new Result(List.of(), List.of(new Problem(file, 0, 0, "", "expected exactly one FaultRule")))
                : result;
    }

    /** Reads one document; null when there are problems, which are added. */
    public static @Nullable RuleDocument read(Tree tree, Problems problems, String defaultNamespace) {
        if (tree.kind() != Tree.Kind.MAP) {
            problems.add(tree, "expected one FaultRule, a mapping with apiVersion and kind, found " + tree.found());
            return null;
        }
        if (!"FaultRule".equals(tree.textOf("kind"))) {
            Tree kind = tree.get("kind");
            problems.add(
                    kind == null ? tree : kind,
                    kind == null
                            ? "field 'kind' is missing; expected FaultRule"
                            : "expected FaultRule, found " + kind.found());
            return null;
        }
        FleetRule rule = RuleReader.readFleetRule(tree, problems);
        return rule == null ? null : of(rule, defaultNamespace);
    }

    /** The same in another namespace. */
    public RuleDocument in(String otherNamespace) {
        return new RuleDocument(otherNamespace, annotations, overrideReason, rule);
    }

    /** The document as maps and lists, namespace and all; what is read back is equal. */
    public Map<String, Object> write() {
        return RuleWriter.write(new FleetRule(namespace, annotations, overrideReason, rule));
    }
}
