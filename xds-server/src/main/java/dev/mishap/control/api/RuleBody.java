package dev.mishap.control.api;

import dev.mishap.control.http.MediaType;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemException.FieldError;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.Tree;
import dev.mishap.rules.yaml.TreeReader;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A rule in the body of a request. What the server itself writes into its documents may stand there, so that what was got can be
 * put back; {@code metadata.resourceVersion} and {@code uid} are then conditions.
 *
 * @param resourceVersion null = none said
 * @param uid null = none said
 */
record RuleBody(
        RuleDocument document,
        @Nullable Long resourceVersion,
        @Nullable String uid) {
    /** What the server tells and a caller cannot set. */
    static final List<String> READ_ONLY =
            List.of("uid", "resourceVersion", "generation", "creationTimestamp", "updateTimestamp", "updatedBy");

    /**
     * Reads a body.
     *
     * @param name of the path; null = the document's
     * @throws ProblemException naming each field, with its place in the text
     */
    static RuleBody read(String text, @Nullable MediaType type, String namespace, @Nullable String name) {
        if (type == MediaType.JSON) {
            Json.requireJson(text);
        }
        Problems problems = new Problems("body");
        List<Tree> trees = TreeReader.read(text, problems);
        if (problems.count() == 0 && trees.size() != 1) {
            problems.add(Tree.atStart(), "expected one FaultRule, found " + trees.size() + " documents");
        }
        RuleDocument document = null;
        Long version = null;
        String uid = null;
        if (problems.count() == 0) {
            Tree tree = trees.get(0);
            Tree metadata = tree.get("metadata");
            if (metadata != null) {
                version = version(metadata.get("resourceVersion"), problems);
                uid = metadata.textOf("uid");
                place(metadata, "namespace", namespace, problems);
                if (name != null) {
                    place(metadata, "name", name, problems);
                }
                Tree mine = metadata;
                for (String field : READ_ONLY) {
                    mine = mine.without(field);
                }
                tree = tree.with("metadata", mine).without("status");
            }
            document = RuleDocument.read(tree, problems, namespace);
        }
        if (document == null || problems.count() > 0) {
            throw refused(problems.list());
        }
        return new RuleBody(document, version, uid);
    }

    private static void place(Tree metadata, String field, String expected, Problems problems) {
        Tree found = metadata.get(field);
        if (found != null && !found.text().equals(expected)) {
            problems.add(found, "is '" + expected + "' in the path and " + found.found() + " here");
        }
    }

    private static @Nullable Long version(@Nullable Tree tree, Problems problems) {
        return tree == null
                ? null
                : problems.attempt(tree, () -> {
                    try {
                        return Long.valueOf(tree.text());
                    } catch (NumberFormatException e) {
                        throw new IllegalArgumentException("expected a number, found " + tree.found(), e);
                    }
                });
    }

    /** @throws ProblemException when a merge patch would set what the server gives */
    static void requirePatchable(JsonNode patch) {
        for (String field : READ_ONLY) {
            if (patch.path("metadata").has(field)) {
                throw ProblemException.invalid("metadata." + field, "is the server's to give");
            }
        }
        if (patch.has("status")) {
            throw ProblemException.invalid("status", "is the server's to give");
        }
    }

    static ProblemException refused(List<Problem> problems) {
        return ProblemException.invalid(problems.stream()
                .map(p -> new FieldError(p.path(), p.message(), p.line(), p.column()))
                .toList());
    }
}
