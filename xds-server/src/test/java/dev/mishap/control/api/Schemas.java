package dev.mishap.control.api;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** As much of JSON Schema as the API's description uses; an unknown keyword fails. */
final class Schemas {
    private final JsonNode root;

    Schemas(JsonNode root) {
        this.root = root;
    }

    /** What is wrong with a value. */
    List<String> violations(String schema, JsonNode value) {
        List<String> found = new ArrayList<>();
        JsonNode definition = root.at("/components/schemas/" + schema);
        check(definition.isObject(), "there is no schema " + schema, found);
        validate(definition, value, schema, found);
        return found;
    }

    private void validate(JsonNode schema, JsonNode value, String path, List<String> found) {
        schema.properties().forEach(entry -> {
            JsonNode argument = entry.getValue();
            switch (entry.getKey()) {
                case "description", "format", "default", "title" -> {}
                case "$ref" -> {
                    JsonNode target = root.at(argument.asString().substring(1));
                    check(target.isObject(), argument + " leads nowhere", found);
                    validate(target, value, path, found);
                }
                case "type" -> {
                    boolean fits = argument.isArray()
                            ? argument.valueStream().anyMatch(type -> is(type.asString(), value))
                            : is(argument.asString(), value);
                    check(fits, path + " is not " + argument, found);
                }
                case "const" -> check(argument.equals(value), path + " is not " + argument, found);
                case "enum" ->
                    check(argument.valueStream().anyMatch(value::equals), path + " is not of " + argument, found);
                case "pattern" ->
                    check(
                            !value.isString()
                                    || Pattern.compile(argument.asString())
                                            .matcher(value.asString())
                                            .find(),
                            path + " does not match " + argument,
                            found);
                case "minimum" ->
                    check(!value.isNumber() || value.asDouble() >= argument.asDouble(), path + " is too small", found);
                case "maximum" ->
                    check(!value.isNumber() || value.asDouble() <= argument.asDouble(), path + " is too large", found);
                case "minItems" ->
                    check(!value.isArray() || value.size() >= argument.asInt(), path + " is too short", found);
                case "items" ->
                    value.valueStream().forEach(item -> {
                        if (value.isArray()) {
                            validate(argument, item, path + "[]", found);
                        }
                    });
                case "required" ->
                    argument.forEach(name ->
                            check(!value.isObject() || value.has(name.asString()), path + " misses " + name, found));
                case "properties" ->
                    argument.properties().forEach(property -> {
                        if (value.has(property.getKey())) {
                            validate(
                                    property.getValue(),
                                    value.get(property.getKey()),
                                    path + "." + property.getKey(),
                                    found);
                        }
                    });
                case "additionalProperties" ->
                    value.properties().forEach(each -> {
                        if (!schema.path("properties").has(each.getKey())) {
                            if (argument.isObject()) {
                                validate(argument, each.getValue(), path + "." + each.getKey(), found);
                            } else {
                                check(argument.asBoolean(), path + "." + each.getKey() + " is unknown", found);
                            }
                        }
                    });
                case "oneOf" -> {
                    long passing = argument.valueStream()
                            .filter(each -> {
                                List<String> inner = new ArrayList<>();
                                validate(each, value, path, inner);
                                return inner.isEmpty();
                            })
                            .count();
                    check(passing == 1, path + " passes " + passing + " of oneOf", found);
                }
                default -> found.add("the keyword " + entry.getKey() + " is not known to the test");
            }
        });
    }

    private static boolean is(String type, JsonNode value) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isString();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            default -> throw new AssertionError(type);
        };
    }

    private static void check(boolean ok, String message, List<String> found) {
        if (!ok) {
            found.add(message);
        }
    }
}
