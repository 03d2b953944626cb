package dev.mishap.proxy.admin;

import com.google.re2j.Pattern;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.xds.ResourceStatus;
import dev.mishap.proxy.xds.ResourceType;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The configuration in use as dumps, messages of {@code envoy.admin.v3} in JSON's form, in Envoy's order. */
final class ConfigDump {
    static final String TYPE = "@type";
    private static final String PREFIX = "type.googleapis.com/";
    private static final String SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret";
    static final String ADMIN = PREFIX + "envoy.admin.v3.";

    private final ConfigNode bootstrap;
    private final Map<String, Object> node;
    private final ClusterManager clusters;
    private final DynamicConfigs dynamic;
    private final Supplier<List<Map<String, Object>>> own;
    private final String loaded = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();

    /**
     * @param bootstrap the whole bootstrap
     * @param node the node that the process has after its flags, in place of the bootstrap's
     * @param dynamic what was discovered
     * @param own dumps of what Envoy does not have, each with its {@code @type}; they come last
     */
    ConfigDump(
            ConfigNode bootstrap,
            Map<String, Object> node,
            ClusterManager clusters,
            DynamicConfigs dynamic,
            Supplier<List<Map<String, Object>>> own) {
        this.bootstrap = bootstrap;
        this.node = node;
        this.clusters = clusters;
        this.dynamic = dynamic;
        this.own = own;
    }

    /**
     * All of them.
     *
     * @param names only resources with a name that matches; null = all
     * @param endpoints whether endpoints are shown, too
     */
    List<Map<String, Object>> all(@Nullable Pattern names, boolean endpoints) {
        Map<?, ?> root = asMap(bootstrap.toJson());
        List<Map<String, Object>> out = new ArrayList<>();
        Map<String, Object> first = new LinkedHashMap<>();
        Map<String, Object> shownBootstrap = new LinkedHashMap<>();
        shownBootstrap.put("node", node);
        root.forEach((name, value) -> {
            if (!name.equals("node") && value != null) {
                shownBootstrap.put(String.valueOf(name), value);
            }
        });
        first.put(TYPE, ADMIN + "BootstrapConfigDump");
        first.put("bootstrap", shownBootstrap);
        first.put("last_updated", loaded);
        out.add(first);
        Map<?, ?> resources = asMap(root.get("static_resources"));
        out.add(clusters(asList(resources.get("clusters")), names));
        List<DynamicConfigs.Dumped> filters = dynamic.filters();
        if (filters != null) {
            Map<String, Object> dump = new LinkedHashMap<>();
            dump.put(TYPE, ADMIN + "EcdsConfigDump");
            put(dump, "ecds_filters", dumped(filters, ResourceType.EXTENSION_CONFIG, "ecds_filter", names));
            out.add(dump);
        }
        if (endpoints) {
            out.add(endpoints(names));
        }
        List<?> listeners = asList(resources.get("listeners"));
        List<DynamicConfigs.ListenerState> discovered = dynamic.listeners();
        out.add(listeners(listeners, discovered, names));
        out.add(scopes(names));
        List<Object> routes = new ArrayList<>();
        findRoutes(listeners, routes);
        for (DynamicConfigs.ListenerState l : discovered) {
            if (l.active() != null) {
                findRoutes(l.active().config().toJson(), routes);
            }
        }
        Map<String, Object> routesDump = list(
                "RoutesConfigDump",
                "static_route_configs",
                "route_config",
                "envoy.config.route.v3.RouteConfiguration",
                routes,
                names);
        put(routesDump, "dynamic_route_configs", dumped(dynamic.routes(), ResourceType.ROUTE, "route_config", names));
        out.add(routesDump);
        Map<String, Object> secrets = new LinkedHashMap<>();
        secrets.put(TYPE, ADMIN + "SecretsConfigDump");
        put(secrets, "dynamic_active_secrets", secrets(names, false));
        put(secrets, "dynamic_warming_secrets", secrets(names, true));
        out.add(secrets);
        out.addAll(own.get());
        return out;
    }

    private Map<String, Object> scopes(@Nullable Pattern names) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put(TYPE, ADMIN + "ScopedRoutesConfigDump");
        for (boolean discovered : new boolean[] {false, true}) {
            List<Map<String, Object>> some = new ArrayList<>();
            for (DynamicConfigs.Scopes scopes : dynamic.scopes()) {
                if (scopes.discovered() == discovered) {
                    Map<String, Object> one = new LinkedHashMap<>();
                    one.put("name", scopes.name());
                    if (!scopes.version().isEmpty()) {
                        one.put("version_info", scopes.version());
                    }
                    put(
                            one,
                            "scoped_route_configs",
                            scopes.configs().stream()
                                    .filter(c -> names == null || names.matches(c.string("name")))
                                    .map(ConfigDump::typed)
                                    .toList());
                    one.put("last_updated", time(scopes.updated()));
                    some.add(one);
                }
            }
            put(out, discovered ? "dynamic_scoped_route_configs" : "inline_scoped_route_configs", some);
        }
        return out;
    }

    private static void put(Map<String, Object> to, String field, List<?> values) {
        if (!values.isEmpty()) {
            to.put(field, values);
        }
    }

    private Map<String, Object> clusters(List<?> statics, @Nullable Pattern names) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put(TYPE, ADMIN + "ClustersConfigDump");
        if (!dynamic.clustersVersion().isEmpty()) {
            out.put("version_info", dynamic.clustersVersion());
        }
        out.putAll(list(
                "ClustersConfigDump", "static_clusters", "cluster", "envoy.config.cluster.v3.Cluster", statics, names));
        for (boolean warming : new boolean[] {false, true}) {
            List<DynamicConfigs.Dumped> some = new ArrayList<>();
            for (ClusterManager.View view : clusters.views()) {
                ConfigNode config = view.config();
                if (view.dynamic() && view.warming() == warming && config != null) {
                    some.add(new DynamicConfigs.Dumped(config, view.version(), view.updated()));
                }
            }
            List<Map<String, Object>> shown = new ArrayList<>();
            some.forEach(d -> add(shown, ResourceType.CLUSTER, d, "cluster", names));
            if (warming) {
                absent(shown, ResourceType.CLUSTER, "cluster", names);
            }
            put(out, warming ? "dynamic_warming_clusters" : "dynamic_active_clusters", shown);
        }
        return out;
    }

    private Map<String, Object> listeners(
            List<?> statics, List<DynamicConfigs.ListenerState> discovered, @Nullable Pattern names) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put(TYPE, ADMIN + "ListenersConfigDump");
        if (!dynamic.listenersVersion().isEmpty()) {
            out.put("version_info", dynamic.listenersVersion());
        }
        out.putAll(list(
                "ListenersConfigDump",
                "static_listeners",
                "listener",
                "envoy.config.listener.v3.Listener",
                statics,
                names));
        List<Map<String, Object>> all = new ArrayList<>();
        for (DynamicConfigs.ListenerState l : discovered) {
            if (names != null && !names.matches(l.name())) {
                continue;
            }
            Map<String, Object> one = new LinkedHashMap<>();
            if (!l.name().isEmpty()) {
                one.put("name", l.name());
            }
            state(one, "active_state", l.active());
            state(one, "warming_state", l.warming());
            state(one, "draining_state", l.draining());
            DynamicConfigs.Refused error = l.error();
            if (error != null) {
                Map<String, Object> shown = new LinkedHashMap<>();
                shown.put("failed_configuration", typed(error.config()));
                if (!l.name().isEmpty()) {
                    shown.put("last_update_attempt", time(error.attempted()));
                }
                shown.put("details", error.details());
                one.put("error_state", shown);
            }
            ResourceStatus status = dynamic.status(ResourceType.LISTENER, l.name());
            if (status != null) {
                one.put("client_status", status.state().name());
            }
            all.add(one);
        }
        put(out, "dynamic_listeners", all);
        return out;
    }

    private static void state(Map<String, Object> to, String field, DynamicConfigs.@Nullable Dumped state) {
        if (state != null) {
            to.put(field, dumped(state, "listener"));
        }
    }

    private List<Map<String, Object>> secrets(@Nullable Pattern names, boolean warming) {
        List<Map<String, Object>> out = new ArrayList<>();
        for (DynamicConfigs.DynamicSecret d : dynamic.secrets()) {
            ConfigNode config = d.config();
            if ((config == null) == warming && (names == null || names.matches(d.name()))) {
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("name", d.name());
                if (!d.version().isEmpty()) {
                    one.put("version_info", d.version());
                }
                one.put("last_updated", time(d.updated()));
                one.put("secret", config == null ? Map.of(TYPE, PREFIX + SECRET, "name", d.name()) : typed(config));
                status(one, dynamic.status(ResourceType.SECRET, d.name()));
                out.add(one);
            }
        }
        return out;
    }

    private List<Map<String, Object>> dumped(
            List<DynamicConfigs.Dumped> all, ResourceType type, String member, @Nullable Pattern names) {
        List<Map<String, Object>> out = new ArrayList<>();
        all.forEach(d -> add(out, type, d, member, names));
        absent(out, type, member, names);
        return out;
    }

    private void add(
            List<Map<String, Object>> to,
            ResourceType type,
            DynamicConfigs.Dumped d,
            String member,
            @Nullable Pattern names) {
        String name = d.config().string("name");
        if (names == null || names.matches(name)) {
            Map<String, Object> one = dumped(d, member);
            status(one, dynamic.status(type, name));
            to.add(one);
        }
    }

    /** Resources that were asked for and are not there: their name, and why. */
    private void absent(List<Map<String, Object>> to, ResourceType type, String member, @Nullable Pattern names) {
        for (ResourceStatus status : dynamic.absent(type)) {
            if (names == null || names.matches(status.name())) {
                Map<String, Object> one = new LinkedHashMap<>();
                Map<String, Object> named = new LinkedHashMap<>();
                named.put(TYPE, type.typeUrl());
                named.put(type.nameField(), status.name());
                one.put(member, named);
                status(one, status);
                to.add(one);
            }
        }
    }

    /** The API has these fields for every kind of resource; Envoy fills in {@code error_state}, of listeners only. */
    private static void status(Map<String, Object> to, @Nullable ResourceStatus status) {
        if (status == null) {
            return;
        }
        ResourceStatus.Refusal error = status.error();
        if (error != null) {
            Map<String, Object> shown = new LinkedHashMap<>();
            ConfigNode config = error.config();
            if (config != null) {
                shown.put("failed_configuration", typed(config));
            }
            shown.put("last_update_attempt", time(error.attempted()));
            shown.put("details", error.details());
            if (!error.version().isEmpty()) {
                shown.put("version_info", error.version());
            }
            to.put("error_state", shown);
        }
        to.put("client_status", status.state().name());
    }

    private static Map<String, Object> dumped(DynamicConfigs.Dumped d, String member) {
        Map<String, Object> one = new LinkedHashMap<>();
        if (!d.version().isEmpty()) {
            one.put("version_info", d.version());
        }
        one.put(member, typed(d.config()));
        one.put("last_updated", time(d.updated()));
        return one;
    }

    private static Map<String, Object> typed(ConfigNode config) {
        Map<String, Object> typed = new LinkedHashMap<>();
        typed.put(TYPE, PREFIX + config.messageName());
        asMap(config.toJson()).forEach((k, v) -> {
            if (v != null) {
                typed.put(String.valueOf(k), v);
            }
        });
        return typed;
    }

    private static String time(Instant when) {
        return when.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private Map<String, Object> endpoints(@Nullable Pattern names) {
        List<Object> statics = new ArrayList<>();
        List<Object> discovered = new ArrayList<>();
        for (ClusterManager.View view : clusters.views()) {
            if (view.warming()) {
                continue;
            }
            Map<String, Object> assignment = new LinkedHashMap<>();
            assignment.put(TYPE, ResourceType.ENDPOINT.typeUrl());
            EndpointsDump.assignment(view.cluster(), assignment);
            String name = String.valueOf(assignment.get("cluster_name"));
            if (names != null && !names.matches(name)) {
                continue;
            }
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("endpoint_config", assignment);
            if (view.dynamic()) {
                ResourceStatus status = dynamic.status(ResourceType.ENDPOINT, name);
                if (status != null && !status.version().isEmpty()) {
                    one.put("version_info", status.version());
                }
                status(one, status);
                discovered.add(one);
            } else {
                statics.add(one);
            }
        }
        Map<String, Object> out = new LinkedHashMap<>();
        out.put(TYPE, ADMIN + "EndpointsConfigDump");
        put(out, "static_endpoint_configs", statics);
        put(out, "dynamic_endpoint_configs", discovered);
        return out;
    }

    private Map<String, Object> list(
            String dump, String field, String member, String message, List<?> values, @Nullable Pattern names) {
        List<Object> elements = new ArrayList<>();
        for (Object value : values) {
            Map<?, ?> map = asMap(value);
            if (names != null && !names.matches(String.valueOf(map.get("name")))) {
                continue;
            }
            Map<String, Object> typed = new LinkedHashMap<>();
            typed.put(TYPE, PREFIX + message);
            map.forEach((k, v) -> typed.put(String.valueOf(k), v));
            Map<String, Object> element = new LinkedHashMap<>();
            element.put(member, typed);
            element.put("last_updated", loaded);
            elements.add(element);
        }
        Map<String, Object> out = new LinkedHashMap<>();
        out.put(TYPE, ADMIN + dump);
        if (!elements.isEmpty()) {
            out.put(field, elements);
        }
        return out;
    }

    /** All inline {@code route_config}s below {@code value}. */
    private static void findRoutes(@Nullable Object value, List<Object> out) {
        if (value instanceof List<?> list) {
            list.forEach(v -> findRoutes(v, out));
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((name, v) -> {
                if (name.equals("route_config") && v instanceof Map<?, ?>) {
                    out.add(v);
                } else {
                    findRoutes(v, out);
                }
            });
        }
    }

    static Map<?, ?> asMap(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    static List<?> asList(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }
}
