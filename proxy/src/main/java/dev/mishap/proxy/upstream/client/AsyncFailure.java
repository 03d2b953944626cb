package dev.mishap.proxy.upstream.client;

/** Why a request of the proxy's own got no response. */
public enum AsyncFailure {
    /** No cluster of that name. */
    NO_CLUSTER(503, "Cluster not available"),
    NO_HEALTHY_UPSTREAM(503, "no healthy upstream"),
    /** No connection came about, or a circuit breaker forbade one. */
    CONNECT(503, "upstream connect error or disconnect/reset before headers"),
    /** The connection broke, or the peer reset the stream. */
    RESET(503, "upstream connect error or disconnect/reset before headers"),
    TIMEOUT(504, "upstream request timeout"),
    /** The response passed the limit that the request set. */
    RESPONSE_TOO_LARGE(500, "response too large");

    private final int httpStatus;
    private final String text;

    AsyncFailure(int httpStatus, String text) {
        this.httpStatus = httpStatus;
        this.text = text;
    }

    /** The status that Envoy's router would answer with in this case, and counts. */
    public int httpStatus() {
        return httpStatus;
    }

    public String text() {
        return text;
    }
}
