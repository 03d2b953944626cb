package dev.mishap.rules.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.RandomRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

class JsonSchemaTest {
    private static final Path PUBLISHED = Path.of("src/main/resources/dev/mishap/rules/mishap.schema.json");
    private static final Map<String, Object> SCHEMA = new Yaml().load(JsonSchema.text());

    @Test
    void thePublishedSchemaIsTheOneOfTheReadersTable() throws IOException {
        if (Boolean.getBoolean("mishap.regenerate")) {
            Files.createDirectories(PUBLISHED.getParent());
            Files.writeString(PUBLISHED, JsonSchema.text());
        }
        assertThat(PUBLISHED).as("stale: mvn -q test -Dmishap.regenerate=true").hasContent(JsonSchema.text());
    }

    @Test
    void acceptsWhateverTheWriterWrites() {
        for (int seed = 0; seed < 500; seed++) {
            String json = DocumentText.json(RuleWriter.write(new RandomRules(seed).rule()));
            Object document = new Yaml().load(json);
            assertThat(violations(document)).as(json).isEmpty();
        }
    }

    @Test
    void acceptsTheExamples() throws IOException {
        List<Path> files;
        try (Stream<Path> list = Files.list(Path.of("../examples"))) {
            files = list.filter(p -> p.toString().endsWith(".yaml")).sorted().toList();
        }
        int seen = 0;
        for (Path file : files) {
            for (Object document : new Yaml().loadAll(Files.readString(file))) {
                if (document instanceof Map<?, ?> map && "mishap.dev/v1".equals(map.get("apiVersion"))) {
                    assertThat(violations(plain(document))).as(file.toString()).isEmpty();
                    seen++;
                }
            }
            if (Files.readString(file).contains("mishap.dev/v1")) {
                assertThat(RuleReader.read(Files.readString(file), file.toString())
                                .problems())
                        .isEmpty();
            }
        }
        assertThat(seen).isGreaterThanOrEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{fualt: {reset: {}}}",
                "{percentage: 140, fault: {reset: {}}}",
                "{fault: {reset: {}, delay: {fixed: 1s}}}",
                "{fault: {}}",
                "{}",
                "{fault: {delay: {fixed: 100}}}",
                "{fault: {abort: {httpStatus: abc}}}",
                "{scope: {methods: []}, fault: {reset: {}}}",
                "{tag: {baggage: maybe}, fault: {reset: {}}}",
            })
    void refusesWhatTheReaderRefuses(String spec) {
        String text = "{apiVersion: mishap.dev/v1, kind: FaultRule, metadata: {name: r}, spec: " + spec + "}";
        assertThat(violations(new Yaml().load(text))).isNotEmpty();
        assertThat(RuleReader.read(text, "f").problems()).isNotEmpty();
    }

    /** YAML 1.1 makes dates and booleans of what the reader and YAML 1.2 take as text. */
    private static Object plain(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new java.util.LinkedHashMap<>();
            map.forEach((k, v) -> copy.put(Boolean.TRUE.equals(k) ? "on" : String.valueOf(k), plain(v)));
            return copy;
        }
        if (value instanceof List<?> list) {
            return list.stream().map(JsonSchemaTest::plain).toList();
        }
        if (value instanceof java.util.Date date) {
            return date.toInstant().toString();
        }
        return value;
    }

    private static List<String> violations(Object document) {
        List<String> found = new ArrayList<>();
        validate(SCHEMA, document, "", found);
        return found;
    }

    /** As much of JSON Schema as the generator uses; an unknown keyword fails. */
    private static void validate(Map<String, Object> schema, Object value, String path, List<String> found) {
        schema.forEach((keyword, argument) -> {
            switch (keyword) {
                case "$schema", "$id", "$defs", "title", "description", "format" -> {}
                case "$ref" -> validate(definition((String) argument), value, path, found);
                case "type" ->
                    check(types(argument).stream().anyMatch(t -> is(t, value)), path + " is not " + argument, found);
                case "enum" -> check(((List<?>) argument).contains(value), path + " is not of " + argument, found);
                case "pattern" -> {
                    if (value instanceof String s) {
                        check(
                                Pattern.compile((String) argument).matcher(s).find(),
                                path + " does not match " + argument,
                                found);
                    }
                }
                case "minimum" -> {
                    if (value instanceof Number n) {
                        check(n.doubleValue() >= ((Number) argument).doubleValue(), path + " too small", found);
                    }
                }
                case "maximum" -> {
                    if (value instanceof Number n) {
                        check(n.doubleValue() <= ((Number) argument).doubleValue(), path + " too large", found);
                    }
                }
                case "minItems" -> {
                    if (value instanceof List<?> l) {
                        check(l.size() >= (Integer) argument, path + " too short", found);
                    }
                }
                case "items" -> {
                    if (value instanceof List<?> l) {
                        l.forEach(item -> validate(map(argument), item, path + "[]", found));
                    }
                }
                case "required" -> {
                    if (value instanceof Map<?, ?> m) {
                        check(m.keySet().containsAll((List<?>) argument), path + " misses " + argument, found);
                    }
                }
                case "properties" -> {
                    if (value instanceof Map<?, ?> m) {
                        map(argument).forEach((name, property) -> {
                            if (m.containsKey(name)) {
                                validate(map(property), m.get(name), path + "." + name, found);
                            }
                        });
                    }
                }
                case "additionalProperties" -> {
                    if (value instanceof Map<?, ?> m) {
                        m.forEach((name, each) -> {
                            if (!map(schema.getOrDefault("properties", Map.of()))
                                    .containsKey(name)) {
                                if (argument instanceof Map) {
                                    validate(map(argument), each, path + "." + name, found);
                                } else {
                                    found.add(path + "." + name + " is unknown");
                                }
                            }
                        });
                    }
                }
                case "oneOf" -> {
                    long passing = ((List<?>) argument)
                            .stream()
                                    .filter(each -> {
                                        List<String> inner = new ArrayList<>();
                                        validate(map(each), value, path, inner);
                                        return inner.isEmpty();
                                    })
                                    .count();
                    check(passing == 1, path + " passes " + passing + " of " + argument, found);
                }
                default -> throw new AssertionError("keyword " + keyword);
            }
        });
    }

    private static void check(boolean ok, String message, List<String> found) {
        if (!ok) {
            found.add(message);
        }
    }

    private static List<?> types(Object argument) {
        return argument instanceof List<?> list ? list : List.of(argument);
    }

    private static boolean is(Object type, Object value) {
        return switch ((String) type) {
            case "object" -> value instanceof Map;
            case "array" -> value instanceof List;
            case "string" -> value instanceof String;
            case "boolean" -> value instanceof Boolean;
            case "number" -> value instanceof Number;
            case "integer" ->
                value instanceof Integer || value instanceof Long || value instanceof java.math.BigInteger;
            case "null" -> value == null;
            default -> throw new AssertionError(type);
        };
    }

    private static Map<String, Object> definition(String reference) {
        return map(map(SCHEMA.get("$defs")).get(reference.substring("#/$defs/".length())));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }
}
