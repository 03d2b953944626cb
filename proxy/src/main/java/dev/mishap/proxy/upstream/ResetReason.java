package dev.mishap.proxy.upstream;

import dev.mishap.proxy.http.ResponseFlag;

/** Why an upstream request ended before its response did; texts as in Envoy's bodies and details. */
public enum ResetReason {
    LOCAL_RESET("local reset", ResponseFlag.LOCAL_RESET),
    LOCAL_CONNECTION_FAILURE("local connection failure", ResponseFlag.UPSTREAM_CONNECTION_FAILURE),
    REMOTE_CONNECTION_FAILURE("remote connection failure", ResponseFlag.UPSTREAM_CONNECTION_FAILURE),
    CONNECTION_TIMEOUT("connection timeout", ResponseFlag.UPSTREAM_CONNECTION_FAILURE),
    CONNECTION_TERMINATION("connection termination", ResponseFlag.UPSTREAM_CONNECTION_TERMINATION),
    REMOTE_RESET("remote reset", ResponseFlag.UPSTREAM_REMOTE_RESET),
    REMOTE_REFUSED_STREAM_RESET("remote refused stream reset", ResponseFlag.UPSTREAM_REMOTE_RESET),
    /** The circuit breaker of pools: as if there were no endpoint. */
    NO_CONNECTION_POOL("no healthy upstream", ResponseFlag.NO_HEALTHY_UPSTREAM),
    OVERFLOW("overflow", ResponseFlag.UPSTREAM_OVERFLOW),
    PROTOCOL_ERROR("protocol error", ResponseFlag.UPSTREAM_PROTOCOL_ERROR);

    private final String text;
    private final ResponseFlag flag;

    ResetReason(String text, ResponseFlag flag) {
        this.text = text;
        this.flag = flag;
    }

    public String text() {
        return text;
    }

    public ResponseFlag flag() {
        return flag;
    }

    /** Whether no connection came about. */
    public boolean isConnectFailure() {
        return this == LOCAL_CONNECTION_FAILURE || this == REMOTE_CONNECTION_FAILURE || this == CONNECTION_TIMEOUT;
    }
}
