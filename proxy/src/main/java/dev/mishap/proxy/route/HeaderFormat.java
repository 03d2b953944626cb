package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import org.jspecify.annotations.Nullable;

/**
 * The value of a header to add: constant, or with {@code %OPERATORS%}, of which those without a value give nothing.
 *
 * @param constant the value, one char a byte, when it has no operators
 * @param formatter the value when it has
 */
record HeaderFormat(@Nullable String constant, @Nullable SubstitutionFormatter formatter) {
    static HeaderFormat constant(String wire) {
        return new HeaderFormat(wire, null);
    }

    /**
     * Compiles {@code text}.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when it has an operator that nobody knows
     */
    static HeaderFormat compile(String text) {
        if (text.indexOf('%') < 0) {
            return constant(WireText.encode(text));
        }
        return new HeaderFormat(null, SubstitutionFormatter.compile(text, true));
    }

    /** The value for the stream, one char a byte; {@code response} is null while the request's headers are made. */
    String value(StreamInfo info, HeaderMap request, @Nullable HeaderMap response, @Nullable HeaderMap trailers) {
        if (constant != null) {
            return constant;
        }
        if (formatter == null) {
            return "";
        }
        StringBuilder value = new StringBuilder();
        formatter.format(info, request, response, trailers, value);
        return value.toString();
    }
}
