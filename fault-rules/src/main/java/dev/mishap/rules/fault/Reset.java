package dev.mishap.rules.fault;

/**
 * Breaks the exchange instead of answering, or in the middle of the answer. HTTP/1: the TCP connection is reset (RST). HTTP/2:
 * RST_STREAM of the one stream, or GOAWAY and the end of the connection with all its streams.
 *
 * @param point when
 * @param bodyBytes at {@link Point#BODY} how much of the response's body passes first, 1 or more; else 0
 * @param code the HTTP/2 error code, 0 to 13; what HTTP/1 cannot say
 * @param goAway whether an HTTP/2 connection ends as a whole
 */
public record Reset(Point point, long bodyBytes, int code, boolean goAway) implements Fault.Terminal {
    /** When an exchange is broken. */
    public enum Point {
        /** Before anything of the response; the request is not forwarded. */
        REQUEST("request"),
        /** After the response's headers; a response without a body passes. */
        HEADERS("headers"),
        /** After some of the response's body; a response with a shorter one passes. */
        BODY("body");

        private final String field;

        Point(String field) {
            this.field = field;
        }

        /** The word in a rule file. */
        public String field() {
            return field;
        }
    }

    public Reset {
        if (point == Point.BODY ? bodyBytes < 1 : bodyBytes != 0) {
            throw new IllegalArgumentException(
                    point == Point.BODY
                            ? "afterBodyBytes must be 1 or more, got " + bodyBytes
                            : "afterBodyBytes and after cannot both be set");
        }
        if (code < 0 || code >= Http2Error.NAMES.size()) {
            throw new IllegalArgumentException(
                    "code must be an HTTP/2 error code from 0 to " + (Http2Error.NAMES.size() - 1) + ", got " + code);
        }
    }

    /** Before the response, with INTERNAL_ERROR. */
    public Reset() {
        this(Point.REQUEST, 0, Http2Error.INTERNAL_ERROR, false);
    }

    public static Reset afterHeaders() {
        return new Reset(Point.HEADERS, 0, Http2Error.INTERNAL_ERROR, false);
    }

    public static Reset afterBodyBytes(long bytes) {
        return new Reset(Point.BODY, bytes, Http2Error.INTERNAL_ERROR, false);
    }

    @Override
    public Kind kind() {
        return Kind.RESET;
    }
}
