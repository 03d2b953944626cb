package dev.mishap.proxy.http;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The route of one request with its choices made: for weighted clusters, the cluster is drawn already. */
public interface SelectedRoute {
    /** Under this name {@link #perFilterConfigs} gives what the deprecated field {@code cors} of the levels says. */
    String LEGACY_CORS = ":cors";

    /** The route's name, {@code ""} when it has none. */
    String name();

    /** The cluster's name, or null when the route does not forward (redirect, direct response) or its header is missing. */
    @Nullable
    String clusterName();

    /**
     * Whether the route forwards. The answers of one that does not carry its header mutations already; another local reply
     * on such a route carries none, as in Envoy.
     */
    boolean forwards();

    /** What the route says of tracing. */
    default RouteTracing tracing() {
        return RouteTracing.NONE;
    }

    /** The most specific {@code typed_per_filter_config} for a filter's name: weighted cluster, route, virtual host, table. */
    @Nullable
    Object perFilterConfig(String filterName);

    /** The {@code typed_per_filter_config} of all levels for a filter's name, the most specific first. */
    default List<Object> perFilterConfigs(String filterName) {
        Object config = perFilterConfig(filterName);
        return config == null ? List.of() : List.of(config);
    }

    /** {@code FilterConfig.disabled} of the most specific level that names the filter; null = nobody says. */
    @Nullable
    Boolean filterDisabled(String filterName);

    /** {@code RouteAction.idle_timeout} in nanoseconds; 0 = none, -1 = the connection manager's. */
    long idleTimeoutNanos();

    /**
     * {@code RouteAction.max_stream_duration} in nanoseconds, as the request's {@code grpc-timeout} changes it; 0 = none, -1 =
     * the connection manager's.
     */
    long maxStreamDurationNanos(HeaderMap request);

    /** Whether the route's {@code upgrade_configs} allow an upgrade to {@code type}, which is in lower case; null = they do not say. */
    default @Nullable Boolean upgradeEnabled(String type) {
        return null;
    }

    /** Applies {@code response_headers_to_add} and {@code _to_remove} of all levels. Local replies pass here, too. */
    void finalizeResponseHeaders(HeaderMap response, HttpStream stream);
}
