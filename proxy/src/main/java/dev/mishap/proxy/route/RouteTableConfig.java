package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.matching.Input;
import dev.mishap.proxy.filter.common.matching.MatchTree;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.InService;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.route.RouteActionConfig.Inherited;
import dev.mishap.proxy.route.match.HeaderMatcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Reads {@code envoy.config.route.v3.RouteConfiguration}: tables and their virtual hosts. */
public final class RouteTableConfig {
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.RouteConfiguration")
                    .supported(
                            "name",
                            "virtual_hosts",
                            "vhds",
                            "response_headers_to_add",
                            "response_headers_to_remove",
                            "request_headers_to_add",
                            "request_headers_to_remove",
                            "internal_only_headers",
                            "most_specific_header_mutations_wins",
                            "validate_clusters",
                            "max_direct_response_body_size_bytes",
                            "request_mirror_policies",
                            "cluster_specifier_plugins",
                            "ignore_port_in_host_matching",
                            "ignore_path_parameters_in_path_matching",
                            "typed_per_filter_config")
                    .accepted("metadata", "no operator or filter reads it"),
            SupportedFields.of("envoy.config.route.v3.VirtualHost")
                    .supported(
                            "name",
                            "domains",
                            "routes",
                            "matcher",
                            "require_tls",
                            "virtual_clusters",
                            "request_headers_to_add",
                            "request_headers_to_remove",
                            "response_headers_to_add",
                            "response_headers_to_remove",
                            "typed_per_filter_config",
                            "include_request_attempt_count",
                            "include_attempt_count_in_response",
                            "include_is_timeout_retry_header",
                            "retry_policy",
                            "hedge_policy",
                            RouteActionConfig.BUFFER_LIMIT,
                            RouteActionConfig.BODY_LIMIT,
                            "request_mirror_policies",
                            "metadata",
                            "cors",
                            "rate_limits")
                    .accepted(
                            "retry_policy_typed_config",
                            "Envoy has no extension that reads it, and retries by retry_policy alone"),
            SupportedFields.of("envoy.config.route.v3.RouteList").supported("routes"),
            SupportedFields.of("envoy.config.route.v3.Vhds").supported("config_source"),
            SupportedFields.of("envoy.config.route.v3.VirtualCluster").supported("name", "headers"),
            SupportedFields.of("envoy.config.route.v3.FilterConfig").supported("config", "is_optional", "disabled"),
            SupportedFields.of("envoy.config.core.v3.Metadata").supported("filter_metadata"),
            SupportedFields.of("envoy.config.core.v3.DataSource")
                    .supported("filename", "inline_bytes", "inline_string", "environment_variable"),
            SupportedFields.of("envoy.config.core.v3.TypedExtensionConfig").supported("name", "typed_config"));

    private static final long DEFAULT_MAX_BODY = 4096;

    private final ConfigNode table;
    private final Collecting context;
    private final List<InService> ofTable;
    private final boolean validate;
    private final long maxBody;
    private final boolean mostSpecificWins;
    private final RouteLevel level;
    private final List<MirrorPolicy> mirrors;
    private final ClusterSpecifiers specifiers;
    /** Those of the last table: the next one has most of them, too. */
    private Map<ConfigNode, Built> built = Map.of();

    /** A host with what wants to know when it serves. */
    private record Built(VirtualHost host, List<InService> inService) {}

    /**
     * What a table has apart from virtual hosts that are discovered, for {@link #table}. Not to be used by several threads at a time.
     *
     * @throws ConfigException when it can't be accepted
     */
    public RouteTableConfig(ConfigNode table, RouteContext of) {
        this.table = table;
        this.context = new Collecting(of);
        this.ofTable = context.into;
        this.validate = table.bool("validate_clusters", context.validateClusters());
        this.maxBody = table.integer("max_direct_response_body_size_bytes", DEFAULT_MAX_BODY);
        this.mostSpecificWins = table.bool("most_specific_header_mutations_wins", false);
        this.level = RouteLevel.from(table, context);
        this.mirrors = RouteActionConfig.mirrors(table, context, validate);
        this.specifiers = new ClusterSpecifiers(table.messages("cluster_specifier_plugins"));
    }

    /**
     * Builds the table.
     *
     * @throws ConfigException when it can't be accepted, in Envoy's words where it has some
     */
    public static RouteTable from(ConfigNode node, RouteContext context) {
        return new RouteTableConfig(node, context).table(List.of());
    }

    /**
     * Builds the table with virtual hosts that came apart from it. Those that it had the last time are not read again.
     *
     * @param apart {@code envoy.config.route.v3.VirtualHost}s
     * @throws ConfigException when it can't be accepted, in Envoy's words where it has some
     */
    public RouteTable table(List<ConfigNode> apart) {
        List<ConfigNode> hosts = new ArrayList<>(table.messages("virtual_hosts"));
        hosts.addAll(apart);
        String name = table.string("name");
        Domains domains = new Domains(name);
        Map<ConfigNode, Built> now = new IdentityHashMap<>();
        List<InService> inService = new ArrayList<>(ofTable);
        for (ConfigNode node : hosts) {
            Built known = built.get(node);
            Built host = known == null ? build(node) : known;
            now.put(node, host);
            inService.addAll(host.inService());
            for (String domain : node.strings("domains")) {
                domains.add(WireText.encode(domain), host.host());
            }
        }
        built = now;
        return new RouteTable(
                name,
                domains,
                table.bool("ignore_port_in_host_matching", false),
                table.bool("ignore_path_parameters_in_path_matching", false),
                table.strings("internal_only_headers").stream()
                        .map(HeaderName::of)
                        .toList(),
                context.random(),
                inService);
    }

    private Built build(ConfigNode node) {
        context.into = new ArrayList<>();
        VirtualHost host = virtualHost(node);
        return new Built(host, List.copyOf(context.into));
    }

    /** The same context, of whose per-filter configurations those are collected that want to know when they serve. */
    private static final class Collecting implements RouteContext {
        private final RouteContext context;
        List<InService> into = new ArrayList<>();

        Collecting(RouteContext context) {
            this.context = context;
        }

        @Override
        public boolean hasCluster(String name) {
            return context.hasCluster(name);
        }

        @Override
        public boolean validateClusters() {
            return context.validateClusters();
        }

        @Override
        public @Nullable Object perFilterConfig(String filterName, ConfigNode config, boolean optional) {
            Object parsed = context.perFilterConfig(filterName, config, optional);
            if (parsed instanceof InService one) {
                into.add(one);
            }
            return parsed;
        }

        @Override
        public void virtualCluster(String statPrefix) {
            context.virtualCluster(statPrefix);
        }

        @Override
        public String nodeCluster() {
            return context.nodeCluster();
        }

        @Override
        public LongSupplier random() {
            return context.random();
        }
    }

    private VirtualHost virtualHost(ConfigNode node) {
        VirtualHost host = new VirtualHost(
                node.string("name"),
                VirtualHost.TlsRequirement.valueOf(node.enumName("require_tls")),
                virtualClusters(node, context),
                metadata(node));
        List<MirrorPolicy> own = RouteActionConfig.mirrors(node, context, validate);
        Inherited inherited = new Inherited(
                RouteActionConfig.bufferLimit(node, Long.MAX_VALUE),
                node.message("hedge_policy"),
                RetryPolicyConfig.from(node.message("retry_policy")),
                own.isEmpty() ? mirrors : own,
                node.bool("include_request_attempt_count", false),
                node.bool("include_attempt_count_in_response", false),
                node.bool("include_is_timeout_retry_header", false));
        List<RouteLevel> above = List.of(RouteLevel.from(node, context), level);
        RouteConfig routes = routes(host, inherited, above, validate);
        for (ConfigNode route : node.messages("routes")) {
            host.add(routes.from(route));
        }
        ConfigNode matcher = node.message("matcher");
        if (matcher != null) {
            if (!node.messages("routes").isEmpty()) {
                throw new ConfigException("cannot set both matcher and routes on virtual host");
            }
            // Envoy does not look whether the clusters of these routes are there.
            RouteConfig leaves = routes(host, inherited, above, false);
            host.matcher(MatchTree.from(matcher, RouteTableConfig::input, action -> leaf(leaves, action)));
        }
        return host;
    }

    private RouteConfig routes(VirtualHost host, Inherited inherited, List<RouteLevel> above, boolean validating) {
        return new RouteConfig(host, inherited, above, mostSpecificWins, context, validating, maxBody, specifiers);
    }

    private static Input input(ConfigNode extension) {
        String refusal = "requirement violation while creating route match tree: INVALID_ARGUMENT: Route table can only"
                + " match on request headers, saw type.googleapis.com/";
        String type = extension.required("typed_config").messageName();
        if (!type.equals("envoy.type.matcher.v3.HttpRequestHeaderMatchInput") && !type.endsWith(".FilterStateInput")) {
            throw new ConfigException(refusal + type);
        }
        return Input.from(extension, true, refusal);
    }

    private static List<VirtualHost.Candidate> leaf(RouteConfig routes, ConfigNode action) {
        ConfigNode config = action.required("typed_config");
        switch (config.messageName()) {
            case "envoy.config.route.v3.Route":
                return List.of(routes.from(config));
            case "envoy.config.route.v3.RouteList":
                return config.messages("routes").stream().map(routes::from).toList();
            default:
                throw new ConfigException("Didn't find a registered implementation for '" + action.string("name")
                        + "' with type URL: '" + config.messageName() + "'");
        }
    }

    private static List<VirtualCluster> virtualClusters(ConfigNode host, RouteContext context) {
        List<VirtualCluster> clusters = new ArrayList<>();
        String prefix = "vhost." + host.string("name") + ".vcluster.";
        for (ConfigNode node : host.messages("virtual_clusters")) {
            if (node.messages("headers").isEmpty()) {
                throw new ConfigException("virtual clusters must define 'headers'");
            }
            String name = node.string("name");
            clusters.add(
                    new VirtualCluster(name, prefix + name + ".", HeaderMatcher.listFrom(node.messages("headers"))));
        }
        if (!clusters.isEmpty()) {
            clusters.add(new VirtualCluster("other", prefix + "other.", List.of()));
        }
        clusters.forEach(c -> context.virtualCluster(c.statPrefix()));
        return List.copyOf(clusters);
    }

    /** The {@code metadata.filter_metadata} of a route or virtual host: namespace to fields. */
    static Map<String, Map<String, Object>> metadata(ConfigNode holder) {
        ConfigNode metadata = holder.message("metadata");
        if (metadata == null) {
            return Map.of();
        }
        Map<String, Map<String, Object>> namespaces = new HashMap<>();
        if (metadata.struct("filter_metadata") instanceof Map<?, ?> given) {
            given.forEach((name, struct) -> {
                Map<String, Object> fields = new HashMap<>();
                if (struct instanceof Map<?, ?> map) {
                    map.forEach((key, value) -> fields.put(String.valueOf(key), value));
                }
                namespaces.put(String.valueOf(name), fields);
            });
        }
        return Map.copyOf(namespaces);
    }
}
