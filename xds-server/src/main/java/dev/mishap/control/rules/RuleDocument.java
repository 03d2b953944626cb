package dev.mishap.control.rules;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.RuleReader;
import dev.mishap.rules.yaml.RuleWriter;
import dev.mishap.rules.yaml.Tree;
import dev.mishap.rules.yaml.TreeReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A rule as users write it for a control plane: a FaultRule document whose metadata may also have a {@code namespace} and
 * {@code annotations}, which concern no proxy.
 *
 * @param annotations texts that mean nothing to Mishap; not selected by
 */
public record RuleDocument(String namespace, Map<String, String> annotations, FaultRule rule) {
    private static final int MAX_NAMESPACE = 63;
    private static final int MAX_ANNOTATIONS = 64 << 10;

    public RuleDocument {
        FaultRule.requireName("metadata.namespace", namespace, MAX_NAMESPACE);
        annotations = Collections.unmodifiableMap(new TreeMap<>(annotations));
        int length = annotations.entrySet().stream()
                .mapToInt(e -> e.getKey().length() + e.getValue().length())
                .sum();
        if (length > MAX_ANNOTATIONS) {
            throw new IllegalArgumentException(
                    "metadata.annotations must have at most " + MAX_ANNOTATIONS + " characters, got " + length);
        }
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
        return new RuleDocument(RuleKey.DEFAULT_NAMESPACE, Map.of(), rule);
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

    private static @Nullable RuleDocument read(Tree tree, Problems problems, String defaultNamespace) {
        Tree metadata = tree.get("metadata");
        String namespace = defaultNamespace;
        Map<String, String> annotations = new TreeMap<>();
        Tree plain = tree;
        int before = problems.count();
        if (metadata != null && metadata.kind() == Tree.Kind.MAP) {
            plain = tree.with("metadata", metadata.without("namespace").without("annotations"));
            Tree at = metadata.get("namespace");
            if (at != null) {
                namespace = at.text();
                problems.attempt(at, () -> {
                    FaultRule.requireName("a namespace", at.text(), MAX_NAMESPACE);
                    return at;
                });
            }
            annotations(metadata.get("annotations"), annotations, problems);
        }
        List<FaultRule> rules = new ArrayList<>();
        List<dev.mishap.rules.experiment.Experiment> experiments = new ArrayList<>();
        RuleReader.read(plain, problems, rules, experiments);
        if (!experiments.isEmpty()) {
            problems.add(tree, "expected kind FaultRule, found Experiment");
        }
        if (problems.count() > before || rules.size() != 1) {
            return null;
        }
        String finalNamespace = namespace;
        return problems.attempt(tree, () -> new RuleDocument(finalNamespace, annotations, rules.get(0)));
    }

    private static void annotations(@Nullable Tree tree, Map<String, String> into, Problems problems) {
        if (tree == null) {
            return;
        }
        if (tree.kind() != Tree.Kind.MAP) {
            problems.add(tree, "expected a mapping of texts, found " + tree.found());
        }
        tree.fields().forEach((name, value) -> {
            if (value.kind() == Tree.Kind.TEXT) {
                into.put(name, value.text());
            } else {
                problems.add(value, "expected a text, found " + value.found());
            }
        });
    }

    /** The document as maps and lists, namespace and all; what is read back is equal. */
    public Map<String, Object> write() {
        Map<String, Object> document = RuleWriter.write(rule);
        Map<String, Object> metadata = new LinkedHashMap<>();
        if (document.get("metadata") instanceof Map<?, ?> plain) {
            plain.forEach((name, value) -> metadata.put(String.valueOf(name), value));
        }
        metadata.put("namespace", namespace);
        if (!annotations.isEmpty()) {
            metadata.put("annotations", annotations);
        }
        document.put("metadata", metadata);
        return document;
    }
}
