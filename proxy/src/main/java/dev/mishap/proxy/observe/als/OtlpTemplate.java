package dev.mishap.proxy.observe.als;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.LogBuffer;
import dev.mishap.proxy.observe.log.LogFormat;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import dev.mishap.proxy.proto.ProtoWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A value of OpenTelemetry ({@code opentelemetry.proto.common.v1.AnyValue}) with operators in its texts, or a list of such values
 * with keys. Compiled once, written once an entry. Immutable.
 */
final class OtlpTemplate {
    private static final int STRING_VALUE = 1;
    private static final int BOOL_VALUE = 2;
    private static final int INT_VALUE = 3;
    private static final int DOUBLE_VALUE = 4;
    private static final int ARRAY_VALUE = 5;
    private static final int KVLIST_VALUE = 6;
    private static final int BYTES_VALUE = 7;

    /** The facts of one entry. */
    record Entry(
            StreamInfo info,
            HeaderMap request,
            @Nullable HeaderMap response,
            @Nullable HeaderMap trailers) {}

    /** Appends one value or several pairs. */
    private interface Part {
        void write(ProtoWriter out, Entry entry);
    }

    private final Part part;

    private OtlpTemplate(Part part) {
        this.part = part;
    }

    /** The template of an {@code AnyValue}, to be written as field {@code number}; null when it is of no kind, as Envoy has it. */
    static @Nullable OtlpTemplate value(@Nullable ConfigNode node, int number, List<ConfigNode> formatters) {
        if (node == null || node.oneof("value") == null) {
            return null;
        }
        return new OtlpTemplate(nested(number, any(node, formatters)));
    }

    /** The template of a {@code KeyValueList}, each of its pairs to be written as field {@code number}. */
    static OtlpTemplate pairs(ConfigNode node, int number, List<ConfigNode> formatters) {
        return new OtlpTemplate(list(pairParts(node, number, formatters)));
    }

    void write(ProtoWriter out, Entry entry) {
        part.write(out, entry);
    }

    private static Part any(ConfigNode node, List<ConfigNode> formatters) {
        String kind = node.oneof("value");
        switch (kind == null ? "" : kind) {
            case "string_value": {
                SubstitutionFormatter text = LogFormat.formatter(node.string("string_value"), formatters);
                return (out, entry) -> {
                    LogBuffer bytes =
                            text.formatToBuffer(entry.info(), entry.request(), entry.response(), entry.trailers());
                    out.bytesAlways(STRING_VALUE, bytes.array(), 0, bytes.size());
                };
            }
            case "kvlist_value":
                return nested(KVLIST_VALUE, list(pairParts(node.required("kvlist_value"), 1, formatters)));
            case "array_value": {
                List<Part> parts = new ArrayList<>();
                for (ConfigNode value : node.required("array_value").messages("values")) {
                    parts.add(nested(1, any(value, formatters)));
                }
                return nested(ARRAY_VALUE, list(parts));
            }
            default:
                throw new ConfigException("Only string values, nested key value lists and array values are supported in"
                        + " OpenTelemetry access log format.");
        }
    }

    private static List<Part> pairParts(ConfigNode node, int number, List<ConfigNode> formatters) {
        List<Part> parts = new ArrayList<>();
        for (ConfigNode pair : node.messages("values")) {
            String key = pair.string("key");
            ConfigNode value = pair.message("value");
            if (value == null) {
                throw new ConfigException("Only string values, nested key value lists and array values are supported in"
                        + " OpenTelemetry access log format.");
            }
            Part written = nested(2, any(value, formatters));
            parts.add(nested(number, (out, entry) -> {
                out.string(1, key);
                written.write(out, entry);
            }));
        }
        return parts;
    }

    private static Part nested(int field, Part inner) {
        return (out, entry) -> {
            int begun = out.begin(field);
            inner.write(out, entry);
            out.end(begun);
        };
    }

    private static Part list(List<Part> parts) {
        Part[] all = parts.toArray(Part[]::new);
        return (out, entry) -> {
            for (Part each : all) {
                each.write(out, entry);
            }
        };
    }

    /** Writes the pairs of a {@code KeyValueList} as they are, each as field {@code number}. */
    static void literal(ProtoWriter out, ConfigNode node, int number) {
        for (ConfigNode pair : node.messages("values")) {
            int begun = out.begin(number);
            out.string(1, pair.string("key"));
            ConfigNode value = pair.message("value");
            if (value != null) {
                literalValue(out, value, 2);
            }
            out.end(begun);
        }
    }

    private static void literalValue(ProtoWriter out, ConfigNode node, int field) {
        int begun = out.begin(field);
        String kind = node.oneof("value");
        switch (kind == null ? "" : kind) {
            case "string_value" -> out.stringAlways(STRING_VALUE, node.string("string_value"));
            case "bool_value" -> out.varintAlways(BOOL_VALUE, node.bool("bool_value", false) ? 1 : 0);
            case "int_value" -> out.varintAlways(INT_VALUE, node.integer("int_value", 0));
            case "double_value" -> out.numberAlways(DOUBLE_VALUE, node.number("double_value", 0));
            case "bytes_value" -> {
                byte[] bytes = node.string("bytes_value").getBytes(StandardCharsets.ISO_8859_1);
                out.bytesAlways(BYTES_VALUE, bytes, 0, bytes.length);
            }
            case "array_value" -> {
                int array = out.begin(ARRAY_VALUE);
                for (ConfigNode each : node.required("array_value").messages("values")) {
                    literalValue(out, each, 1);
                }
                out.end(array);
            }
            case "kvlist_value" -> {
                int list = out.begin(KVLIST_VALUE);
                literal(out, node.required("kvlist_value"), 1);
                out.end(list);
            }
            default -> {} // a value of no kind is one
        }
        out.end(begun);
    }
}
