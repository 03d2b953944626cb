package dev.mishap.proxy.route;

import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.trace.RouteTracingConfig;
import dev.mishap.proxy.route.ClusterChoice.Part;
import dev.mishap.proxy.route.RouteActionConfig.Inherited;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the routes of one virtual host. */
final class RouteConfig {
    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.Route")
                    .supported(
                            "name",
                            "match",
                            "route",
                            "redirect",
                            "direct_response",
                            "non_forwarding_action",
                            "filter_action",
                            "metadata",
                            "decorator",
                            "tracing",
                            "stat_prefix",
                            RouteActionConfig.BUFFER_LIMIT,
                            RouteActionConfig.BODY_LIMIT,
                            "typed_per_filter_config",
                            "request_headers_to_add",
                            "request_headers_to_remove",
                            "response_headers_to_add",
                            "response_headers_to_remove"),
            SupportedFields.of("envoy.config.route.v3.WeightedCluster")
                    .supported("clusters", "runtime_key_prefix", "header_name", "use_hash_policy")
                    .accepted("total_weight", "deprecated; Envoy sums the weights, too"),
            SupportedFields.of("envoy.config.route.v3.WeightedCluster.ClusterWeight")
                    .supported(
                            "name",
                            "cluster_header",
                            "weight",
                            "metadata_match",
                            "request_headers_to_add",
                            "request_headers_to_remove",
                            "response_headers_to_add",
                            "response_headers_to_remove",
                            "typed_per_filter_config",
                            "host_rewrite_literal"));

    private static final long MAX_TOTAL_WEIGHT = 0xffff_ffffL;

    private final VirtualHost host;
    private final Inherited inherited;
    private final List<RouteLevel> above;
    private final boolean mostSpecificWins;
    private final RouteContext context;
    private final boolean validate;
    private final long maxBody;
    private final ClusterSpecifiers specifiers;

    RouteConfig(
            VirtualHost host,
            Inherited inherited,
            List<RouteLevel> above,
            boolean mostSpecificWins,
            RouteContext context,
            boolean validate,
            long maxBody,
            ClusterSpecifiers specifiers) {
        this.host = host;
        this.inherited = inherited;
        this.above = above;
        this.mostSpecificWins = mostSpecificWins;
        this.context = context;
        this.validate = validate;
        this.maxBody = maxBody;
        this.specifiers = specifiers;
    }

    /** Reads a {@code envoy.config.route.v3.Route}. */
    VirtualHost.Candidate from(ConfigNode node) {
        ConfigNode match = node.required("match");
        ConfigNode forward = node.message("route");
        RouteAction action = action(node, forward);
        Route route = new Route(
                node.string("name"),
                host,
                RouteMatchConfig.from(match),
                action,
                forward == null ? null : RouteActionConfig.pathRewrite(match, forward),
                RouteTableConfig.metadata(node),
                RouteTracingConfig.from(node),
                statPrefix(node));
        RouteLevel level = RouteLevel.from(node, context);
        return new VirtualHost.Candidate(
                route.match(),
                forward == null
                        ? new ClusterChoice.Fixed(entry(route, null, null, level, List.of(), null))
                        : choice(route, forward, level));
    }

    private @Nullable String statPrefix(ConfigNode node) {
        String own = node.string("stat_prefix");
        if (own.isEmpty()) {
            return null;
        }
        String prefix = "vhost." + host.name() + ".route." + own + ".";
        context.virtualCluster(prefix);
        return prefix;
    }

    private RouteAction action(ConfigNode node, @Nullable ConfigNode forward) {
        if (forward != null) {
            return RouteActionConfig.forward(node, forward, inherited, context, validate);
        }
        String kind = node.oneof("action");
        return switch (kind == null ? "" : kind) {
            case "redirect" -> RouteActionConfig.redirect(node.required("redirect"));
            case "direct_response" -> RouteActionConfig.directResponse(node.required("direct_response"), maxBody);
            case "non_forwarding_action", "filter_action" -> new NonForwardingAction();
            default -> throw node.error("action", "is required");
        };
    }

    private ClusterChoice choice(Route route, ConfigNode forward, RouteLevel level) {
        List<HostRewrite> rewrites = RouteActionConfig.hostRewrites(forward);
        MetadataMatch match = RouteActionConfig.metadataMatch(forward);
        String kind = forward.oneof("cluster_specifier");
        switch (kind == null ? "" : kind) {
            case "cluster":
                String cluster = forward.string("cluster");
                if (validate && !context.hasCluster(cluster)) {
                    throw new ConfigException("route: unknown cluster '" + cluster + "'");
                }
                return new ClusterChoice.Fixed(entry(route, cluster, null, level, rewrites, match));
            case "cluster_header":
                return new ClusterChoice.ByHeader(
                        entry(route, null, null, level, rewrites, match),
                        HeaderName.of(forward.string("cluster_header")));
            case "weighted_clusters":
                return weighted(route, forward.required("weighted_clusters"), level, rewrites, match);
            case "cluster_specifier_plugin":
                return specifiers
                        .named(forward.string("cluster_specifier_plugin"))
                        .choice(entry(route, null, null, level, rewrites, match));
            case "inline_cluster_specifier_plugin":
                return ClusterSpecifiers.from(forward.required("inline_cluster_specifier_plugin"))
                        .choice(entry(route, null, null, level, rewrites, match));
            default:
                throw forward.error("cluster_specifier", "is required");
        }
    }

    private ClusterChoice weighted(
            Route route,
            ConfigNode node,
            RouteLevel level,
            List<HostRewrite> routeRewrites,
            @Nullable MetadataMatch routeMatch) {
        String prefix = node.string("runtime_key_prefix");
        List<Part> parts = new ArrayList<>();
        long total = 0;
        for (ConfigNode cluster : node.messages("clusters")) {
            Part part = part(route, cluster, level, routeRewrites, prefix, routeMatch);
            total += part.weight();
            parts.add(part);
        }
        if (total > MAX_TOTAL_WEIGHT) {
            throw new ConfigException("The sum of weights of all weighted clusters of route " + route.name()
                    + " exceeds " + MAX_TOTAL_WEIGHT);
        }
        if (total == 0) {
            throw new ConfigException("Sum of weights in the weighted_cluster must be greater than 0.");
        }
        String header = node.string("header_name");
        return new ClusterChoice.Weighted(
                List.copyOf(parts),
                header.isEmpty() ? null : HeaderName.of(header),
                node.bool("use_hash_policy", false) && route.action() instanceof ForwardAction forward
                        ? forward.hashPolicy()
                        : null,
                !prefix.isEmpty(),
                total);
    }

    private Part part(
            Route route,
            ConfigNode node,
            RouteLevel level,
            List<HostRewrite> routeRewrites,
            String runtimePrefix,
            @Nullable MetadataMatch routeMatch) {
        MetadataMatch own = RouteActionConfig.metadataMatch(node);
        MetadataMatch match = own == null ? routeMatch : routeMatch == null ? own : routeMatch.with(own);
        String name = node.string("name");
        String header = node.string("cluster_header");
        if (name.isEmpty() && header.isEmpty()) {
            throw new ConfigException("At least one of name or cluster_header need to be specified");
        }
        if (!name.isEmpty() && !header.isEmpty()) {
            throw new ConfigException("Only one of name or cluster_header can be specified");
        }
        if (validate && !name.isEmpty() && !context.hasCluster(name)) {
            throw new ConfigException("route: unknown weighted cluster '" + name + "'");
        }
        List<HostRewrite> rewrites = new ArrayList<>(RouteActionConfig.hostRewrites(node));
        rewrites.addAll(routeRewrites);
        return new Part(
                entry(
                        route,
                        name.isEmpty() ? null : name,
                        RouteLevel.from(node, context),
                        level,
                        List.copyOf(rewrites),
                        match),
                header.isEmpty() ? null : HeaderName.of(header),
                node.integer("weight", 0),
                runtimePrefix + "." + name);
    }

    private RouteEntry entry(
            Route route,
            @Nullable String cluster,
            @Nullable RouteLevel weighted,
            RouteLevel own,
            List<HostRewrite> rewrites,
            @Nullable MetadataMatch match) {
        List<RouteLevel> levels = new ArrayList<>();
        if (weighted != null) {
            levels.add(weighted);
        }
        levels.add(own);
        levels.addAll(above);
        return new RouteEntry(route, cluster, RouteLevel.merge(levels, mostSpecificWins, rewrites, match));
    }
}
