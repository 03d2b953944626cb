package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The kinds of resources, with the names that each transport has for them. */
public enum ResourceType {
    CLUSTER("envoy.config.cluster.v3.Cluster", "name", "cluster", "Cluster", "Clusters", true),
    ENDPOINT(
            "envoy.config.endpoint.v3.ClusterLoadAssignment",
            "cluster_name",
            "endpoint",
            "Endpoint",
            "Endpoints",
            false),
    LISTENER("envoy.config.listener.v3.Listener", "name", "listener", "Listener", "Listeners", true),
    ROUTE("envoy.config.route.v3.RouteConfiguration", "name", "route", "Route", "Routes", false),
    SCOPED_ROUTE(
            "envoy.config.route.v3.ScopedRouteConfiguration", "name", "route", "ScopedRoutes", "ScopedRoutes", true),
    VIRTUAL_HOST("envoy.config.route.v3.VirtualHost", "name", "route", "VirtualHost", "VirtualHosts", false),
    SECRET("envoy.extensions.transport_sockets.tls.v3.Secret", "name", "secret", "Secret", "Secrets", false),
    RUNTIME("envoy.service.runtime.v3.Runtime", "name", "runtime", "Runtime", "Runtime", false),
    EXTENSION_CONFIG(
            "envoy.config.core.v3.TypedExtensionConfig",
            "name",
            "extension",
            "ExtensionConfig",
            "ExtensionConfigs",
            false);

    private static final String PREFIX = "type.googleapis.com/";
    private static final Map<String, ResourceType> BY_URL = new HashMap<>();

    static {
        for (ResourceType type : values()) {
            BY_URL.put(type.typeUrl(), type);
        }
    }

    private final String message;
    private final String nameField;
    private final String service;
    private final String method;
    private final boolean wildcard;

    ResourceType(
            String message,
            String nameField,
            String servicePackage,
            String serviceName,
            String method,
            boolean wildcard) {
        this.message = message;
        this.nameField = nameField;
        this.service = "/envoy.service." + servicePackage + ".v3." + serviceName + "DiscoveryService/";
        this.method = method;
        this.wildcard = wildcard;
    }

    /** The type of that {@code type_url}, or null. */
    public static @Nullable ResourceType byUrl(String typeUrl) {
        return BY_URL.get(typeUrl);
    }

    /** Full proto name of the resources. */
    public String message() {
        return message;
    }

    /** {@code type.googleapis.com/} and the message. */
    public String typeUrl() {
        return PREFIX + message;
    }

    /** The field of the message that holds the resource's name. */
    public String nameField() {
        return nameField;
    }

    /** Whether a subscription without names means all resources. */
    public boolean wildcard() {
        return wildcard;
    }

    /** Path of the type's own state-of-the-world stream. */
    public String streamPath() {
        return service + "Stream" + method;
    }

    /** Path of the type's own incremental stream. */
    public String deltaPath() {
        return service + "Delta" + method;
    }

    /** Path of the type's REST end point. */
    public String restPath() {
        return "/v3/discovery:"
                + switch (this) {
                    case CLUSTER -> "clusters";
                    case ENDPOINT -> "endpoints";
                    case LISTENER -> "listeners";
                    case ROUTE -> "routes";
                    case SCOPED_ROUTE -> "scoped-routes";
                    case VIRTUAL_HOST -> "virtualhosts";
                    case SECRET -> "secrets";
                    case RUNTIME -> "runtime";
                    case EXTENSION_CONFIG -> "extension_configs";
                };
    }

    /** The name that {@code resource} has for subscribers. */
    public String nameOf(ConfigNode resource) {
        return resource.string(nameField);
    }
}
