package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Text with Envoy's operators in it ({@code %REQ(:METHOD)%}), compiled once and filled in per request. Immutable, called from
 * any worker. Access logs, header values to add and bodies of local replies are such texts.
 */
public final class SubstitutionFormatter {
    /** What an access log writes when the configuration gives no format. */
    public static final SubstitutionFormatter DEFAULT = compile("[%START_TIME%] \"%REQ(:METHOD)%"
            + " %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED%"
            + " %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\""
            + " \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"\n");

    private final List<Object> parts; // byte[] of literal text, or Field
    private final boolean omitEmpty;

    private SubstitutionFormatter(List<Object> parts, boolean omitEmpty) {
        this.parts = List.copyOf(parts);
        this.omitEmpty = omitEmpty;
    }

    /**
     * Compiles a format in which a missing value is written as {@code -} and {@code %%} stands for a percent sign.
     *
     * @throws ConfigException with Envoy's wording if an operator is unknown or its parameters are wrong
     */
    public static SubstitutionFormatter compile(String format) {
        return compile(format, false);
    }

    /** Compiles a format; with {@code omitEmpty} a missing value is written as nothing. */
    public static SubstitutionFormatter compile(String format, boolean omitEmpty) {
        return compile(format, omitEmpty, Commands::create);
    }

    static SubstitutionFormatter compile(
            String format, boolean omitEmpty, Function<FormatParser.Command, Field> operators) {
        return new SubstitutionFormatter(FormatParser.parse(format, operators), omitEmpty);
    }

    /** Appends the text for one request; characters of {@code out} stand for bytes (ISO-8859-1), as in header values. */
    public void format(
            StreamInfo info,
            HeaderMap request,
            @Nullable HeaderMap response,
            @Nullable HeaderMap trailers,
            StringBuilder out) {
        LogBuffer buffer = LogBuffer.ofThread();
        append(LogContext.of(info, request, response, trailers), buffer);
        out.append(buffer.latin1Since(0));
    }

    /** The text for one request as bytes, in the thread's buffer: valid until the next text is made. */
    public LogBuffer formatToBuffer(
            StreamInfo info, HeaderMap request, @Nullable HeaderMap response, @Nullable HeaderMap trailers) {
        LogBuffer buffer = LogBuffer.ofThread();
        append(LogContext.of(info, request, response, trailers), buffer);
        return buffer;
    }

    /** The text for a local reply whose body so far is {@code body}, as ISO-8859-1 characters. */
    public String formatLocalReply(StreamInfo info, HeaderMap request, HeaderMap response, String body) {
        LogBuffer buffer = LogBuffer.ofThread();
        append(new LogContext(info, request, response, null, body), buffer);
        return buffer.latin1Since(0);
    }

    /**
     * The text for one request, or null when every operator in it had no value and there is nothing else: a header with such
     * a value is not added.
     */
    public @Nullable String formatOrNull(
            StreamInfo info, HeaderMap request, @Nullable HeaderMap response, @Nullable HeaderMap trailers) {
        LogBuffer buffer = LogBuffer.ofThread();
        LogContext context = LogContext.of(info, request, response, trailers);
        boolean any = false;
        for (Object part : parts) {
            if (part instanceof Field field) {
                any |= field.append(context, buffer);
            } else {
                buffer.append((byte[]) part);
                any = true;
            }
        }
        return any ? buffer.latin1Since(0) : null;
    }

    void append(LogContext context, LogBuffer out) {
        for (int i = 0; i < parts.size(); i++) {
            Object part = parts.get(i);
            if (part instanceof Field field) {
                if (!field.append(context, out) && !omitEmpty) {
                    out.append('-');
                }
            } else {
                out.append((byte[]) part);
            }
        }
    }

    /** The only operator, when the format is exactly one: JSON then keeps its type. */
    @Nullable
    Field single() {
        return parts.size() == 1 && parts.get(0) instanceof Field field ? field : null;
    }
}
