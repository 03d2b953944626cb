package dev.mishap.proxy.cluster;

/** {@code envoy.config.core.v3.RoutingPriority}: which circuit breakers a request counts against. */
public enum RequestPriority {
    DEFAULT("default"),
    HIGH("high");

    private final String text;

    RequestPriority(String text) {
        this.text = text;
    }

    /** The name in stats and in /clusters. */
    public String text() {
        return text;
    }
}
