package dev.mishap.proxy.admin;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.json.JsonWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** /config_dump: the configuration in use, or what of it a request asks for. */
public final class ConfigDumpRoute {
    /** The repeated fields of each dump, and the message of their elements. */
    private static final Map<String, Map<String, String>> RESOURCES = Map.of(
            "ClustersConfigDump",
                    Map.of(
                            "static_clusters", "StaticCluster",
                            "dynamic_active_clusters", "DynamicCluster",
                            "dynamic_warming_clusters", "DynamicCluster"),
            "EcdsConfigDump", Map.of("ecds_filters", "EcdsFilterConfig"),
            "EndpointsConfigDump",
                    Map.of(
                            "static_endpoint_configs", "StaticEndpointConfig",
                            "dynamic_endpoint_configs", "DynamicEndpointConfig"),
            "ListenersConfigDump", Map.of("static_listeners", "StaticListener", "dynamic_listeners", "DynamicListener"),
            "ScopedRoutesConfigDump",
                    Map.of(
                            "inline_scoped_route_configs", "InlineScopedRouteConfigs",
                            "dynamic_scoped_route_configs", "DynamicScopedRouteConfigs"),
            "RoutesConfigDump",
                    Map.of("static_route_configs", "StaticRouteConfig", "dynamic_route_configs", "DynamicRouteConfig"),
            "SecretsConfigDump",
                    Map.of(
                            "static_secrets", "StaticSecret",
                            "dynamic_active_secrets", "DynamicSecret",
                            "dynamic_warming_secrets", "DynamicSecret"));

    private static final Set<String> SINGLE_FIELDS = Set.of("bootstrap", "last_updated", "version_info");

    private final ConfigDump dump;

    private ConfigDumpRoute(ConfigDump dump) {
        this.dump = dump;
    }

    /**
     * @param bootstrap the whole bootstrap
     * @param node the node that the process has after its flags, in place of the bootstrap's
     * @param dynamic what was discovered
     * @param own dumps of what Envoy does not have, each with its {@code @type}; they come last
     */
    public static AdminRoute of(
            ConfigNode bootstrap,
            Map<String, Object> node,
            ClusterManager clusters,
            DynamicConfigs dynamic,
            Supplier<List<Map<String, Object>>> own) {
        ConfigDumpRoute route = new ConfigDumpRoute(new ConfigDump(bootstrap, node, clusters, dynamic, own));
        return AdminRoute.reads(
                "/config_dump",
                "dump current Envoy configs",
                route::dump,
                "resource: The resource to dump",
                "mask: The mask to apply. When both resource and mask are specified, the mask is applied to every element"
                        + " in the desired repeated field so that only a subset of fields are returned. The mask is parsed as a"
                        + " Protobuf::FieldMask",
                "name_regex: Dump only the currently loaded configurations whose names match the specified regex. Can be used"
                        + " with both resource and mask query parameters.",
                "include_eds: Dump currently loaded configuration including EDS. See the response definition for more"
                        + " information");
    }

    private AdminResponse dump(AdminRequest request) {
        Pattern names = null;
        String regex = request.parameter("name_regex");
        if (regex != null && !regex.isEmpty()) {
            try {
                names = Pattern.compile(regex);
            } catch (PatternSyntaxException e) {
                return AdminResponse.of(
                        400,
                        "text/plain",
                        "INVALID_ARGUMENT: Error while parsing name_regex from " + regex + ": "
                                + StatsRoutes.reason(e));
            }
        }
        List<Map<String, Object>> dumps = dump.all(names, request.query().containsKey("include_eds"));
        String mask = request.parameter("mask");
        List<String> paths = mask == null || mask.isEmpty() ? List.of() : List.of(mask.split(",", -1));
        String resource = request.parameter("resource");
        List<Map<String, Object>> shown;
        if (resource != null && !resource.isEmpty()) {
            if (SINGLE_FIELDS.contains(resource)) {
                return error(
                        400, resource + " is not a repeated field. Use ?mask=" + resource + " to get only this field");
            }
            shown = elements(dumps, resource, paths);
            if (shown != null
                    && !paths.isEmpty()
                    && !shown.isEmpty()
                    && shown.get(0).size() <= 1) {
                return error(400, fieldMask(paths) + " could not be successfully used.");
            }
            if (shown == null) {
                return error(404, resource + " not found in config dump");
            }
        } else if (paths.isEmpty()) {
            shown = dumps;
        } else {
            shown = masked(dumps, paths);
            if (shown.isEmpty()) {
                return error(400, "FieldMask " + mask + " could not be successfully applied to any configs.");
            }
        }
        return AdminResponse.json(JsonWriter.pretty(shown.isEmpty() ? Map.of() : Map.of("configs", shown)) + "\n");
    }

    /** As protobuf shows the message to people. */
    private static String fieldMask(List<String> paths) {
        StringBuilder out = new StringBuilder("FieldMask goo.gle/debugonly\n");
        for (String path : paths) {
            out.append("paths: ");
            JsonWriter.quote(path, out);
            out.append('\n');
        }
        return out.toString();
    }

    private static AdminResponse error(int status, String text) {
        return AdminResponse.of(status, "text/plain", text).with("x-content-type-options", "nosniff");
    }

    /** The elements of a repeated field of any of the dumps, null when there is no such field. */
    private static @Nullable List<Map<String, Object>> elements(
            List<Map<String, Object>> dumps, String resource, List<String> paths) {
        for (Map<String, Object> dump : dumps) {
            String type = String.valueOf(dump.get(ConfigDump.TYPE));
            String element = RESOURCES
                    .getOrDefault(type.substring(ConfigDump.ADMIN.length()), Map.of())
                    .get(resource);
            if (element == null) {
                continue;
            }
            List<Map<String, Object>> out = new ArrayList<>();
            for (Object value : ConfigDump.asList(dump.get(resource))) {
                Map<String, Object> shown = new LinkedHashMap<>();
                shown.put(ConfigDump.TYPE, type + "." + element);
                ConfigDump.asMap(value).forEach((k, v) -> shown.put(String.valueOf(k), v));
                out.add(paths.isEmpty() ? shown : Masks.apply(shown, paths));
            }
            return out;
        }
        return null;
    }

    private static List<Map<String, Object>> masked(List<Map<String, Object>> dumps, List<String> paths) {
        List<Map<String, Object>> out = new ArrayList<>();
        for (Map<String, Object> dump : dumps) {
            String type = String.valueOf(dump.get(ConfigDump.TYPE)).substring(ConfigDump.ADMIN.length());
            Set<String> repeated = RESOURCES.getOrDefault(type, Map.of()).keySet();
            boolean all = true;
            for (String path : paths) {
                int dot = path.indexOf('.');
                String top = dot < 0 ? path : path.substring(0, dot);
                // a path goes into a message, never into the elements of a list
                boolean known = type.equals("BootstrapConfigDump")
                        ? top.equals("bootstrap") || path.equals("last_updated")
                        : repeated.contains(path) || path.equals("version_info");
                all &= known;
            }
            if (all) {
                out.add(Masks.apply(dump, paths));
            }
        }
        return out;
    }
}
