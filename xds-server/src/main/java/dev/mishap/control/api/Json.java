package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemException.FieldError;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON from callers: of bounded depth, no field twice, nothing after it. */
final class Json {
    private static final int MAX_DEPTH = 32;
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxNumberLength(100)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    static JsonNode read(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            throw ProblemException.invalid(List.of(new FieldError(
                    "",
                    "is no JSON: "
                            + String.valueOf(e.getOriginalMessage())
                                    .lines()
                                    .findFirst()
                                    .orElse(""),
                    at == null ? 0 : Math.max(0, at.getLineNr()),
                    at == null ? 0 : Math.max(0, at.getColumnNr()))));
        }
    }

    static void requireJson(String text) {
        read(text);
    }

    /** An object with no other fields than these; an empty text is an empty object. */
    static JsonNode object(String text, Set<String> known) {
        JsonNode node = text.isBlank() ? MAPPER.createObjectNode() : read(text);
        if (!node.isObject()) {
            throw ProblemException.invalid("", "expected an object");
        }
        node.propertyNames().forEach(name -> {
            if (!known.contains(name)) {
                throw ProblemException.invalid(
                        name, "is not known here" + dev.mishap.rules.yaml.Suggestion.of(name, known));
            }
        });
        return node;
    }

    /** A text of an object; empty when it is absent. */
    static String text(JsonNode object, String field) {
        JsonNode value = object.get(field);
        if (value == null || value.isNull()) {
            return "";
        }
        if (!value.isString()) {
            throw ProblemException.invalid(field, "expected a text");
        }
        return value.asString();
    }

    /** A list of texts of an object; empty when it is absent. */
    static List<String> texts(JsonNode object, String field) {
        JsonNode value = object.get(field);
        if (value == null || value.isNull()) {
            return List.of();
        }
        if (!value.isArray() || value.size() > 1000) {
            throw ProblemException.invalid(field, "expected a list of at most 1000 texts");
        }
        List<String> texts = new java.util.ArrayList<>();
        value.forEach(each -> {
            if (!each.isString()) {
                throw ProblemException.invalid(field, "expected a list of texts");
            }
            texts.add(each.asString());
        });
        return texts;
    }
}
