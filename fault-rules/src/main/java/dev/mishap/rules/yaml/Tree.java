package dev.mishap.rules.yaml;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A piece of a YAML or JSON document that knows where it stands. Scalars keep the text that was written: the field decides what it means. */
public final class Tree {
    /** What a piece is. */
    public enum Kind {
        MAP("a mapping"),
        LIST("a list"),
        TEXT("a value"),
        NULL("nothing");

        private final String words;

        Kind(String words) {
            this.words = words;
        }
    }

    private final Kind kind;
    private final String path;
    private final int line;
    private final int column;
    private final String text;
    private final boolean quoted;
    private final Map<String, Tree> fields;
    private final List<Tree> items;
    /** Where the keys stand, for errors about the key and not its value. */
    private final Map<String, int[]> keyPositions;

    private Tree(
            Kind kind,
            String path,
            int line,
            int column,
            String text,
            boolean quoted,
            Map<String, Tree> fields,
            Map<String, int[]> keyPositions,
            List<Tree> items) {
        this.kind = kind;
        this.path = path;
        this.line = line;
        this.column = column;
        this.text = text;
        this.quoted = quoted;
        this.fields = fields;
        this.keyPositions = keyPositions;
        this.items = items;
    }

    static Tree map(String path, int line, int column, LinkedHashMap<String, Tree> fields, Map<String, int[]> keys) {
        return new Tree(Kind.MAP, path, line, column, "", false, Collections.unmodifiableMap(fields), keys, List.of());
    }

    static Tree list(String path, int line, int column, List<Tree> items) {
        return new Tree(Kind.LIST, path, line, column, "", false, Map.of(), Map.of(), List.copyOf(items));
    }

    static Tree text(String path, int line, int column, String text, boolean quoted) {
        return new Tree(Kind.TEXT, path, line, column, text, quoted, Map.of(), Map.of(), List.of());
    }

    static Tree nothing(String path, int line, int column) {
        return new Tree(Kind.NULL, path, line, column, "", false, Map.of(), Map.of(), List.of());
    }

    /** A scalar in this one's place. */
    public Tree withText(String replacement) {
        return text(path, line, column, replacement, true);
    }

    /** This mapping without a field, for who reads that field by other means. */
    public Tree without(String name) {
        LinkedHashMap<String, Tree> rest = new LinkedHashMap<>(fields);
        rest.remove(name);
        return kind == Kind.MAP ? map(path, line, column, rest, keyPositions) : this;
    }

    /** This mapping with a field replaced. */
    public Tree with(String name, Tree value) {
        LinkedHashMap<String, Tree> all = new LinkedHashMap<>(fields);
        all.put(name, value);
        return kind == Kind.MAP ? map(path, line, column, all, keyPositions) : this;
    }

    /** An empty place, for what concerns a file as a whole. */
    public static Tree atStart() {
        return nothing("", 0, 0);
    }

    public Kind kind() {
        return kind;
    }

    public String path() {
        return path;
    }

    public int line() {
        return line;
    }

    public int column() {
        return column;
    }

    /** The scalar as it was written; empty for other kinds. */
    public String text() {
        return text;
    }

    /** Whether the scalar stood in quotes or a block, and so can only be a string. */
    public boolean quoted() {
        return quoted;
    }

    /** The fields of a mapping, in order; empty for other kinds. */
    public Map<String, Tree> fields() {
        return fields;
    }

    /** The field, or null when it is absent or nothing is written there. */
    public @Nullable Tree get(String name) {
        Tree value = fields.get(name);
        return value == null || value.kind == Kind.NULL ? null : value;
    }

    /** The text of a field; null when it is absent or no scalar. */
    public @Nullable String textOf(String name) {
        Tree value = get(name);
        return value == null || value.kind != Kind.TEXT ? null : value.text;
    }

    /** The items of a list; empty for other kinds. */
    public List<Tree> items() {
        return items;
    }

    /** The items of a list in a field; empty when it is absent. */
    public List<Tree> itemsOf(String name) {
        Tree value = get(name);
        return value == null ? List.of() : value.items;
    }

    int[] keyPosition(String name) {
        int[] at = keyPositions.get(name);
        return at == null ? new int[] {line, column} : at;
    }

    /** What was found, for errors: {@code 'abc'}, {@code a list}. */
    public String found() {
        if (kind != Kind.TEXT) {
            return kind.words;
        }
        String shown = text.length() > 60 ? text.substring(0, 57) + "…" : text;
        return "'" + shown.replace("\n", "\\n") + "'";
    }
}
