package dev.mishap.rules.yaml;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The published JSON Schema (draft 2020-12) of rule files, made from the table of fields that the reader checks by. */
final class JsonSchema {
    private static final String ID = "https://mishap.dev/v1/mishap.schema.json";

    private final Map<String, Object> definitions = new TreeMap<>();

    private JsonSchema() {}

    static String text() {
        JsonSchema schema = new JsonSchema();
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("$schema", "https://json-schema.org/draft/2020-12/schema");
        root.put("$id", ID);
        root.put("title", "Mishap rules and experiments");
        root.put("oneOf", List.of(schema.reference(Shapes.FLEET_RULE), schema.reference(Shapes.EXPERIMENT)));
        root.put("$defs", schema.definitions);
        return DocumentText.json(root);
    }

    private Map<String, Object> reference(Shape shape) {
        if (!definitions.containsKey(shape.name)) {
            definitions.put(shape.name, Map.of());
            definitions.put(shape.name, object(shape));
        }
        return Map.of("$ref", "#/$defs/" + shape.name);
    }

    private Map<String, Object> object(Shape shape) {
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        for (Shape.Field field : shape.fields.values()) {
            Map<String, Object> property = new LinkedHashMap<>();
            property.put("description", field.doc());
            property.putAll(type(field.type()));
            properties.put(field.name(), property);
            if (field.required()) {
                required.add(field.name());
            }
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("type", shape.mayBeBare() ? List.of("object", "null") : "object");
        object.put("additionalProperties", false);
        object.put("properties", properties);
        if (!required.isEmpty()) {
            object.put("required", required);
        }
        for (List<String> group : shape.exactlyOne) {
            object.put(
                    "oneOf",
                    group.stream()
                            .map(name -> Map.of("required", List.of(name)))
                            .toList());
        }
        return object;
    }

    private Map<String, Object> type(Type type) {
        Map<String, Object> schema = new LinkedHashMap<>();
        if (type instanceof Type.Scalar scalar) {
            scalar(scalar, schema);
        } else if (type instanceof Type.Choice choice) {
            schema.put("enum", choice.words());
        } else if (type instanceof Type.ListOf list) {
            schema.put("type", "array");
            schema.put("items", type(list.item()));
            if (!list.mayBeEmpty()) {
                schema.put("minItems", 1);
            }
        } else if (type instanceof Type.TextMap) {
            schema.put("type", "object");
            schema.put("additionalProperties", Map.of("type", List.of("string", "number", "boolean")));
        } else if (type instanceof Type.Of of) {
            return reference(of.shape());
        } else if (type instanceof Type.Either either) {
            schema.put("oneOf", List.of(type(either.scalar()), reference(either.shape())));
        }
        return schema;
    }

    private static void scalar(Type.Scalar scalar, Map<String, Object> schema) {
        switch (scalar) {
            case TEXT, NAME -> schema.put("type", List.of("string", "number", "boolean"));
            case INTEGER -> schema.put("type", "integer");
            case NUMBER -> schema.put("type", "number");
            case BOOLEAN -> schema.put("type", "boolean");
            case DURATION -> pattern(schema, "^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d))+$");
            case PERCENTAGE -> {
                Map<String, Object> number = new LinkedHashMap<>();
                number.put("type", "number");
                number.put("minimum", 0);
                number.put("maximum", 100);
                Map<String, Object> text = new LinkedHashMap<>();
                pattern(text, "^[0-9]+(\\.[0-9]{1,4})? *%?$");
                schema.put("oneOf", List.of(number, text));
            }
            case TIMESTAMP -> {
                schema.put("type", "string");
                schema.put("format", "date-time");
            }
            case TIME_OF_DAY -> pattern(schema, "^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$");
            case ZONE, CIDR, ADDRESS -> schema.put("type", "string");
            case GRPC_STATUS -> schema.put("type", List.of("string", "integer"));
            case SLO_CHECK -> pattern(schema, "^\\s*\\S+\\s*(>=|<=|==|!=|>|<|=)\\s*[-0-9.]+%?\\s*$");
        }
    }

    private static void pattern(Map<String, Object> schema, String pattern) {
        schema.put("type", "string");
        schema.put("pattern", pattern);
    }
}
