package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A whole line or body in one format, text or JSON, as {@code envoy.config.core.v3.SubstitutionFormatString}. Immutable.
 */
public final class LogFormat {
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.core.v3.SubstitutionFormatString")
                    .supported("text_format", "json_format", "text_format_source", "omit_empty_values", "content_type")
                    .supported("formatters")
                    .accepted("json_format_options", "JSON members are always in order of their names"),
            SupportedFields.of("envoy.extensions.formatter.metadata.v3.Metadata"),
            SupportedFields.of("envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery"),
            SupportedFields.of("envoy.config.core.v3.JsonFormatOptions")
                    .accepted("sort_properties", "JSON members are always in order of their names"));

    private final @Nullable SubstitutionFormatter text;
    private final @Nullable JsonTemplate json;
    private final String contentType;

    private LogFormat(@Nullable SubstitutionFormatter text, @Nullable JsonTemplate json, String contentType) {
        this.text = text;
        this.json = json;
        this.contentType = contentType;
    }

    /** A text format. */
    public static LogFormat text(SubstitutionFormatter text) {
        return new LogFormat(text, null, "text/plain");
    }

    /** A JSON object with operators in its strings; {@code omitEmpty} leaves members without a value out. */
    static LogFormat json(Map<?, ?> template, boolean omitEmpty) {
        return json(template, omitEmpty, Commands::create);
    }

    private static LogFormat json(
            Map<?, ?> template, boolean omitEmpty, Function<FormatParser.Command, Field> operators) {
        return new LogFormat(null, JsonTemplate.compile(template, omitEmpty, operators), "application/json");
    }

    /** Reads a SubstitutionFormatString. */
    public static LogFormat from(ConfigNode node) {
        boolean omitEmpty = node.bool("omit_empty_values", false);
        String given = node.string("content_type");
        String kind = node.oneof("format");
        Function<FormatParser.Command, Field> operators = operators(node.messages("formatters"));
        if ("json_format".equals(kind)) {
            Object template = node.struct("json_format");
            LogFormat json = json(template instanceof Map<?, ?> map ? map : Map.of(), omitEmpty, operators);
            return new LogFormat(null, json.json, given.isEmpty() ? json.contentType : given);
        }
        if (kind == null) {
            throw node.error("format", "value is required");
        }
        String format = kind.equals("text_format")
                ? node.string("text_format")
                : DataSource.text(node.required("text_format_source"));
        return new LogFormat(
                SubstitutionFormatter.compile(format, omitEmpty, operators),
                null,
                given.isEmpty() ? "text/plain" : given);
    }

    /** A text with operators, those of {@code formatters} among them; a missing value is written as {@code -}. */
    public static SubstitutionFormatter formatter(String text, List<ConfigNode> formatters) {
        return SubstitutionFormatter.compile(text, false, operators(formatters));
    }

    /** What the extensions add; those that bring operators that we don't have are refused. */
    private static Function<FormatParser.Command, Field> operators(List<ConfigNode> formatters) {
        boolean more = false;
        for (ConfigNode formatter : formatters) {
            ConfigNode config = formatter.message("typed_config");
            String type = config == null ? "" : config.messageName();
            switch (type) {
                case "envoy.extensions.formatter.metadata.v3.Metadata":
                    break; // its operator is one of Envoy's own by now
                case "envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery":
                    more = true;
                    break;
                default:
                    throw new ConfigException("Didn't find a registered implementation for '" + formatter.string("name")
                            + "' with type URL: '" + type + "'");
            }
        }
        return more ? Commands::createAny : Commands::create;
    }

    /** The content-type of a local reply's body in this format, when the format gives none of its own. */
    public String contentType() {
        return contentType;
    }

    /** Whether each line is a JSON object. */
    public boolean isJson() {
        return json != null;
    }

    /** The text for a local reply whose body so far is {@code body}; {@code response} is null before its headers are made. */
    public byte[] formatLocalReply(StreamInfo info, HeaderMap request, @Nullable HeaderMap response, String body) {
        LogBuffer out = LogBuffer.ofThread();
        append(new LogContext(info, request, response, null, body), out);
        return Arrays.copyOf(out.array(), out.size());
    }

    /** The text for a stream that has no response yet; its characters stand for bytes, as in header values. */
    public String format(StreamInfo info, HeaderMap request) {
        LogBuffer out = LogBuffer.ofThread();
        append(LogContext.of(info, request, null, null), out);
        return out.latin1Since(0);
    }

    /** Appends the line; a JSON object ends with a newline, text ends as it is. */
    void append(LogContext context, LogBuffer out) {
        if (json != null) {
            json.append(context, out);
            out.append('\n');
        } else if (text != null) {
            text.append(context, out);
        }
    }

    /** The line as a string; for tests. */
    String format(LogContext context) {
        LogBuffer out = new LogBuffer();
        append(context, out);
        return new String(out.array(), 0, out.size(), StandardCharsets.UTF_8);
    }
}
