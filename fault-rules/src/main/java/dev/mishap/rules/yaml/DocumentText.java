package dev.mishap.rules.yaml;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;

/** Maps, lists, text, numbers and booleans as the text of a YAML or JSON document. */
public final class DocumentText {
    private DocumentText() {}

    /** Block style, two spaces, in the map's order. */
    public static String yaml(Map<String, Object> document) {
        DumperOptions options = new DumperOptions();
        options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
        options.setIndent(2);
        options.setIndicatorIndent(2);
        options.setIndentWithIndicator(true);
        options.setSplitLines(false);
        options.setWidth(200);
        Representer representer = new Representer(options) {
            {
                representers.put(BigDecimal.class, data -> plain(((BigDecimal) data).toPlainString()));
            }

            /** Quotes what some other YAML reader would take for a boolean or number, though ours would not. */
            @Override
            protected Node representScalar(Tag tag, String value, DumperOptions.ScalarStyle style) {
                boolean risky = tag.equals(Tag.STR) && style == DumperOptions.ScalarStyle.PLAIN && looksTyped(value);
                return super.representScalar(tag, value, risky ? DumperOptions.ScalarStyle.SINGLE_QUOTED : style);
            }

            private Node plain(String number) {
                return representScalar(Tag.FLOAT, number);
            }
        };
        // One list or map that stands in two places must not become an alias.
        representer.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
        options.setDereferenceAliases(true);
        return new Yaml(representer, options).dump(document);
    }

    private static boolean looksTyped(String value) {
        if (value.length() == 1 && "yYnN".contains(value)) {
            return true;
        }
        if (value.isEmpty() || "0123456789+-.".indexOf(value.charAt(0)) < 0) {
            return false;
        }
        return value.chars()
                .allMatch(c -> c >= '0' && c <= '9'
                        || c >= 'a' && c <= 'f'
                        || c >= 'A' && c <= 'F'
                        || "+-._xo:".indexOf(c) >= 0);
    }

    /** Two spaces a level; ends with a line feed. */
    public static String json(Object document) {
        StringBuilder out = new StringBuilder();
        json(out, document, 0, true);
        return out.append('\n').toString();
    }

    /** On one line, without a line feed at the end. */
    public static String jsonLine(Object document) {
        StringBuilder out = new StringBuilder();
        json(out, document, 0, false);
        return out.toString();
    }

    private static void json(StringBuilder out, @Nullable Object value, int depth, boolean pretty) {
        if (value instanceof Map<?, ?> map) {
            String separator = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                out.append(separator);
                line(out, depth + 1, pretty);
                quote(out, String.valueOf(entry.getKey()));
                out.append(pretty ? ": " : ":");
                json(out, entry.getValue(), depth + 1, pretty);
                separator = ",";
            }
            close(out, map.isEmpty(), '{', '}', depth, pretty);
        } else if (value instanceof Collection<?> list) {
            String separator = "[";
            for (Object item : list) {
                out.append(separator);
                line(out, depth + 1, pretty);
                json(out, item, depth + 1, pretty);
                separator = ",";
            }
            close(out, list.isEmpty(), '[', ']', depth, pretty);
        } else if (value instanceof BigDecimal number) {
            out.append(number.toPlainString());
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            out.append(value);
        } else {
            quote(out, value.toString());
        }
    }

    private static void close(StringBuilder out, boolean empty, char open, char close, int depth, boolean pretty) {
        if (empty) {
            out.append(open);
        } else {
            line(out, depth, pretty);
        }
        out.append(close);
    }

    private static void line(StringBuilder out, int depth, boolean pretty) {
        if (pretty) {
            out.append('\n').append("  ".repeat(depth));
        }
    }

    /** Appends a JSON string, RFC 8259 §7. */
    static void quote(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x7f || Character.isSurrogate(c)) {
                        out.append("\\u")
                                .append(Integer.toHexString(0x10000 | c).substring(1));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
