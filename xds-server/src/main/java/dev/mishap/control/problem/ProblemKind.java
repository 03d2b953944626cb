package dev.mishap.control.problem;

/** The ways in which a call fails: one table for HTTP and gRPC, so that both tell the same. */
public enum ProblemKind {
    INVALID(400, 3, "invalid", "The request is not valid"),
    UNAUTHENTICATED(401, 16, "unauthenticated", "Who is calling is not known"),
    FORBIDDEN(403, 7, "forbidden", "The caller may not do that"),
    NOT_FOUND(404, 5, "not-found", "There is no such thing"),
    METHOD_NOT_ALLOWED(405, 12, "method-not-allowed", "The path has no such method"),
    NOT_ACCEPTABLE(406, 3, "not-acceptable", "None of the accepted media types can be written"),
    TIMEOUT(408, 4, "timeout", "The request did not arrive in time"),
    EXISTS(409, 6, "exists", "It exists already"),
    CONFLICT(409, 10, "conflict", "The request does not fit the present state"),
    GONE(410, 11, "gone", "That is too long ago"),
    PRECONDITION_FAILED(412, 9, "precondition-failed", "It has changed in the meantime"),
    TOO_LARGE(413, 8, "too-large", "The request is too large"),
    UNSUPPORTED_MEDIA_TYPE(415, 3, "unsupported-media-type", "The body's media type is not read here"),
    UNPROCESSABLE(422, 3, "idempotency-key-reused", "The idempotency key belongs to another request"),
    TOO_MANY(429, 8, "too-many", "Too many requests"),
    INTERNAL(500, 13, "internal", "The server has failed"),
    UNAVAILABLE(503, 14, "unavailable", "The server cannot do that now");

    private final int status;
    private final int grpcCode;
    private final String word;
    private final String title;

    ProblemKind(int status, int grpcCode, String word, String title) {
        this.status = status;
        this.grpcCode = grpcCode;
        this.word = word;
        this.title = title;
    }

    /** The status of HTTP. */
    public int status() {
        return status;
    }

    /** The number of google.rpc.Code. */
    public int grpcCode() {
        return grpcCode;
    }

    /** The {@code type} of the problem document, for programs. */
    public String type() {
        return "urn:mishap:problem:" + word;
    }

    /** The same for all problems of a kind. */
    public String title() {
        return title;
    }
}
