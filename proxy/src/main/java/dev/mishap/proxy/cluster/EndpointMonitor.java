package dev.mishap.proxy.cluster;

/**
 * Told how requests to one endpoint went, to find out whether it should be left alone for a while. Called on any loop, for every
 * request: implementations only count.
 */
public interface EndpointMonitor {
    /** How a try went as far as this proxy could see, beside the status of a response. */
    enum Result {
        /** A connection is there, over which a protocol tells how requests go. */
        CONNECTED,
        /** A connection is there, and nothing else will tell how it went. */
        CONNECTED_FINAL,
        /** No connection came about, or it broke. */
        CONNECT_FAILED,
        TIMEOUT,
        REQUEST_SUCCEEDED,
        REQUEST_FAILED
    }

    /** Of an endpoint of a cluster without outlier detection. */
    EndpointMonitor NONE = new EndpointMonitor() {
        @Override
        public void response(int status) {}

        @Override
        public void result(Result result, int status) {}
    };

    /** A response came with that status, a gRPC one translated to HTTP. */
    void response(int status);

    /** @param status what the client is answered because of it; 0 = the one that goes with the result */
    void result(Result result, int status);

    /** Share of successful requests in the last full interval, 0..100; -1 when there were not enough of them. */
    default double successRate() {
        return -1;
    }

    /** The same for {@link #result} when {@code split_external_local_origin_errors} is set. */
    default double localOriginSuccessRate() {
        return -1;
    }
}
