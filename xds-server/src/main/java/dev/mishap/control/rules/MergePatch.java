package dev.mishap.control.rules;

import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.Problem;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** JSON merge patches of rule documents, RFC 7396. */
final class MergePatch {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int MAX_DEPTH = 32;

    private MergePatch() {}

    static JsonNode parse(String patch) {
        JsonNode tree;
        try {
            tree = JSON.readTree(patch);
        } catch (JacksonException e) {
            throw invalid("", "is no JSON: " + e.getOriginalMessage());
        }
        if (!tree.isObject()) {
            throw invalid("", "expected an object with the fields to change");
        }
        return tree;
    }

    static RuleDocument apply(RuleDocument document, JsonNode patch) {
        ObjectNode target = (ObjectNode) JSON.readTree(DocumentText.jsonLine(document.write()));
        merge(target, patch, 0);
        RuleDocument.Result result =
                RuleDocument.readOne(JSON.writeValueAsString(target), "patched rule", document.namespace());
        if (!result.ok()) {
            throw new RegistryException.Invalid(result.problems());
        }
        RuleDocument patched = result.documents().get(0);
        if (!patched.key().equals(document.key())) {
            throw invalid("metadata", "a patch can't change namespace or name");
        }
        return patched;
    }

    private static void merge(ObjectNode target, JsonNode patch, int depth) {
        if (depth > MAX_DEPTH) {
            throw invalid("", "is nested more than " + MAX_DEPTH + " levels deep");
        }
        for (var field : patch.properties()) {
            String name = field.getKey();
            JsonNode value = field.getValue();
            if (value.isNull()) {
                target.remove(name);
            } else if (value.isObject()) {
                JsonNode old = target.get(name);
                ObjectNode into = old instanceof ObjectNode object ? object : target.putObject(name);
                merge(into, value, depth + 1);
            } else {
                target.set(name, value);
            }
        }
    }

    private static RegistryException.Invalid invalid(String path, String message) {
        return new RegistryException.Invalid(List.of(new Problem("patch", 0, 0, path, message)));
    }
}
