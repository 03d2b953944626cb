package dev.mishap.rules.yaml;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The fields that a mapping may have. */
final class Shape {
    /**
     * @param doc one sentence for the schema
     */
    record Field(String name, Type type, boolean required, String doc) {}

    final String name;
    final Map<String, Field> fields = new LinkedHashMap<>();
    /** Groups of fields of which exactly one must be there. */
    final List<List<String>> exactlyOne = new ArrayList<>();

    /** Whether nothing at all may stand for a mapping without fields. */
    private boolean mayBeBare;

    Shape(String name) {
        this.name = name;
    }

    Shape optional(String field, Type type, String doc) {
        fields.put(field, new Field(field, type, false, doc));
        return this;
    }

    Shape required(String field, Type type, String doc) {
        fields.put(field, new Field(field, type, true, doc));
        return this;
    }

    Shape bare() {
        mayBeBare = true;
        return this;
    }

    boolean mayBeBare() {
        return mayBeBare || fields.isEmpty();
    }

    Shape exactlyOneOf(String... names) {
        exactlyOne.add(List.of(names));
        return this;
    }
}
