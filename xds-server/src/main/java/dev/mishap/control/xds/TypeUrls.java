package dev.mishap.control.xds;

/** The type URLs of xDS, in Envoy's words. Others are served all the same: a type is no more than a name here. */
public final class TypeUrls {
    private static final String PREFIX = "type.googleapis.com/";

    public static final String LISTENER = PREFIX + "envoy.config.listener.v3.Listener";
    public static final String ROUTE = PREFIX + "envoy.config.route.v3.RouteConfiguration";
    public static final String SCOPED_ROUTE = PREFIX + "envoy.config.route.v3.ScopedRouteConfiguration";
    public static final String VIRTUAL_HOST = PREFIX + "envoy.config.route.v3.VirtualHost";
    public static final String CLUSTER = PREFIX + "envoy.config.cluster.v3.Cluster";
    public static final String ENDPOINT = PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment";
    public static final String SECRET = PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret";
    public static final String RUNTIME = PREFIX + "envoy.service.runtime.v3.Runtime";
    public static final String EXTENSION_CONFIG = PREFIX + "envoy.config.core.v3.TypedExtensionConfig";

    private TypeUrls() {}

    /** The type URL of a message by its full name. */
    public static String of(String messageName) {
        return PREFIX + messageName;
    }

    /**
     * Whether the state of the world is the whole of it: a listener or cluster that a response lacks is gone. For all other types a
     * response may hold any part of the resources, and what it lacks stays.
     */
    static boolean wholeState(String typeUrl) {
        return typeUrl.equals(LISTENER) || typeUrl.equals(CLUSTER);
    }
}
