package dev.mishap.proxy.config.schema;

import org.jspecify.annotations.Nullable;

/** What is wrong with a JSON or YAML document, in Envoy's words: each with its path and its place in the text. */
final class JsonProblems {
    private final Problems problems;

    JsonProblems(Problems problems) {
        this.problems = problems;
    }

    /** A member that the message does not have. */
    void noSuchField(String where, String message, int position, String key) {
        problems.unknown("invalid JSON in " + problems.root() + where + ": message " + message + ", near "
                + SourceValue.place(position) + ": no such field: '" + key + "'");
    }

    /** A name that the enum does not have. */
    void noSuchEnumValue(SourceValue source, MessageNode node, FieldType field, @Nullable Object place, EnumType type) {
        problems.unknown("unknown enum value: '" + source.text + "' @ " + pathOf(node, field, place) + " ("
                + type.name() + "), near " + SourceValue.place(source.position));
    }

    /** An extension that nobody has. */
    void unregistered(String name, String url) {
        problems.unregistered(
                "Didn't find a registered implementation for '" + name + "' with type URL: '" + url + "'");
    }

    static String got(SourceValue source) {
        switch (source.kind) {
            case STRING:
                return ", got \"" + (source.text.length() > 40 ? source.text.substring(0, 40) + "…" : source.text)
                        + '"';
            case LIST:
                return ", got a list";
            case MAP:
                return ", got a map";
            default:
                return ", got " + (source.text.length() > 40 ? source.text.substring(0, 40) + "…" : source.text);
        }
    }

    /** A value of another form than {@code wanted}, its first character, says. */
    void unexpected(
            SourceValue source,
            MessageNode node,
            @Nullable FieldType field,
            @Nullable Object place,
            char wanted,
            String type) {
        String hint = source.kind == SourceValue.Kind.BOOL && wanted == '"'
                ? " (an unquoted y, n, yes, no, on or off is a bool)"
                : "";
        problems.hard("invalid JSON in " + problems.root() + at(node, field, place) + ": " + type + ", near "
                + SourceValue.place(source.position) + ": unexpected character: '" + source.firstCharacter()
                + "'; expected '"
                + wanted + "'" + hint);
    }

    /** Anything else. */
    void hard(SourceValue source, MessageNode node, @Nullable FieldType field, @Nullable Object place, String problem) {
        problems.hard("invalid JSON in " + problems.root() + at(node, field, place) + ", near "
                + SourceValue.place(source.position) + ": " + problem);
    }

    static String at(MessageNode node, @Nullable FieldType field, @Nullable Object place) {
        String path = pathOf(node, field, place);
        return path.isEmpty() ? "" : " @ " + path;
    }

    private static String pathOf(MessageNode node, @Nullable FieldType field, @Nullable Object place) {
        StringBuilder s = new StringBuilder(node.envoyPath());
        if (field != null) {
            s.append(s.length() == 0 ? "" : ".").append(field.name());
            MessageNode.appendPlace(s, place);
        }
        return s.toString();
    }
}
