package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import org.jspecify.annotations.Nullable;

/** What of requests and responses the service sees. */
record ProcessingMode(
        boolean requestHeaders,
        boolean responseHeaders,
        Body requestBody,
        Body responseBody,
        boolean requestTrailers,
        boolean responseTrailers) {
    static final String MESSAGE = "envoy.extensions.filters.http.ext_proc.v3.ProcessingMode";
    static final ProcessingMode DEFAULT = new ProcessingMode(true, true, Body.NONE, Body.NONE, false, false);

    /** How a body is seen; in the order of the API's numbers. */
    enum Body {
        NONE,
        /** Piece by piece. */
        STREAMED,
        /** As a whole; a body that the buffers can't hold is refused. */
        BUFFERED,
        /** As a whole, or its beginning alone when the buffers can't hold it. */
        BUFFERED_PARTIAL,
        /** Piece by piece, and what comes back are pieces, too, whose number and sizes are the service's affair. */
        FULL_DUPLEX_STREAMED
    }

    static ProcessingMode from(@Nullable ConfigNode node) {
        return node == null
                ? DEFAULT
                : new ProcessingMode(
                        sends(node, "request_header_mode", true),
                        sends(node, "response_header_mode", true),
                        body(node, "request_body_mode"),
                        body(node, "response_body_mode"),
                        sends(node, "request_trailer_mode", false),
                        sends(node, "response_trailer_mode", false));
    }

    /** Says what can't be, which a filter's own configuration must not have. */
    void check() {
        check("request", requestBody, requestTrailers);
        check("response", responseBody, responseTrailers);
    }

    private static void check(String side, Body body, boolean trailers) {
        if (body == Body.FULL_DUPLEX_STREAMED && !trailers) {
            throw new ConfigException(
                    "If the ext_proc filter has the " + side + "_body_mode set to FULL_DUPLEX_STREAMED, then the "
                            + side + "_trailer_mode has to be set to SEND");
        }
    }

    private static boolean sends(ConfigNode node, String field, boolean otherwise) {
        return switch (node.enumName(field)) {
            case "SEND" -> true;
            case "SKIP" -> false;
            default -> otherwise;
        };
    }

    private static Body body(ConfigNode node, String field) {
        String name = node.enumName(field);
        for (Body body : Body.values()) {
            if (body.name().equals(name)) {
                return body;
            }
        }
        throw node.error(field, name + " is not supported");
    }

    /** Whether the two differ in nothing that a response of the service may change. */
    boolean sameButRequestHeaders(ProcessingMode other) {
        return responseHeaders == other.responseHeaders
                && requestBody == other.requestBody
                && responseBody == other.responseBody
                && requestTrailers == other.requestTrailers
                && responseTrailers == other.responseTrailers;
    }
}
