package dev.mishap.proxy.http;

/** The moment at which a request or connection is logged; numbers as in {@code envoy.data.accesslog.v3.AccessLogType}. */
public enum AccessLogType {
    NOT_SET("NotSet"),
    TCP_UPSTREAM_CONNECTED("TcpUpstreamConnected"),
    TCP_PERIODIC("TcpPeriodic"),
    TCP_CONNECTION_END("TcpConnectionEnd"),
    DOWNSTREAM_START("DownstreamStart"),
    DOWNSTREAM_PERIODIC("DownstreamPeriodic"),
    DOWNSTREAM_END("DownstreamEnd"),
    UPSTREAM_POOL_READY("UpstreamPoolReady"),
    UPSTREAM_PERIODIC("UpstreamPeriodic"),
    UPSTREAM_END("UpstreamEnd"),
    DOWNSTREAM_TUNNEL_ESTABLISHED("DownstreamTunnelSuccessfullyEstablished"),
    TCP_CONNECTION_START("TcpConnectionStart");

    private static final int TCP_CONNECTION_START_NUMBER = 14;

    private final String text;

    AccessLogType(String text) {
        this.text = text;
    }

    /** As {@code %ACCESS_LOG_TYPE%} writes it. */
    public String text() {
        return text;
    }

    /** Its number in the API. */
    public int number() {
        return this == TCP_CONNECTION_START ? TCP_CONNECTION_START_NUMBER : ordinal();
    }
}
