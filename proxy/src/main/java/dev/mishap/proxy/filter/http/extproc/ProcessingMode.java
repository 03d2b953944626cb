package dev.mishap.proxy.filter.http.extproc;

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
        BUFFERED_PARTIAL
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
        throw node.error(field, name + " is not supported; STREAMED, BUFFERED and BUFFERED_PARTIAL are");
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
