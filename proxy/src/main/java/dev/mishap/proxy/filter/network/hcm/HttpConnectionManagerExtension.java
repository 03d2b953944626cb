package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.http.CodecStats;
import dev.mishap.proxy.http.ConnectionManagerConfig;
import dev.mishap.proxy.http.ConnectionManagerStats;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.http.RouteResolver;
import dev.mishap.proxy.http.h1.H1Limits;
import dev.mishap.proxy.http.h1.H1ServerConnection;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.trace.RequestIdConfig;
import dev.mishap.proxy.observe.trace.TracingConfig;
import dev.mishap.proxy.observe.trace.TracingDefaults;
import dev.mishap.proxy.overload.OverloadState;
import dev.mishap.proxy.route.RouteTable;
import dev.mishap.proxy.route.RouteTableConfig;
import dev.mishap.proxy.route.match.StringMatcher;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.Jitter;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.Lifecycle;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads {@code HttpConnectionManager}. Durations are those of the proto: absent = Envoy's default, 0 = off. */
public final class HttpConnectionManagerExtension implements NetworkFilterExtension {
    private static final long SECOND = 1_000_000_000L;

    @Override
    public String name() {
        return "envoy.filters.network.http_connection_manager";
    }

    @Override
    public String typeUrl() {
        return HttpConnectionManagerFields.HCM;
    }

    @Override
    public boolean terminal() {
        return true;
    }

    @Override
    public TerminalFilterFactory parse(ConfigNode node, NetworkFilterContext context) {
        String codec = node.enumName("codec_type");
        if (codec.equals("HTTP3")) {
            throw node.error("codec_type", codec + " is not supported");
        }
        String prefix = "http." + node.string("stat_prefix") + ".";
        HttpFilterContext filterContext = new HttpFilterContext(context, prefix);
        RouteResolver routes = routes(node, filterContext);
        ConnectionManagerStats stats = new ConnectionManagerStats(
                filterContext.scope(), context.listenerScope().scope(prefix));
        ConnectionManagerConfig config = new ConnectionManagerConfig(
                stats,
                context.service(DrainState.class),
                routes,
                HttpFilterChain.from(node, "http_filters", filterContext, context),
                logs(node, context));
        config.codecStats = new CodecStats(context.root());
        IdentityConfig.read(node, config, context);
        paths(node, config);
        timeouts(node, config);
        config.upgrades = upgrades(node, filterContext, context);
        config.overload = context.service(OverloadState.class);
        config.bufferLimit = context.bufferLimit();
        config.runtime = context.runtime()::get;
        ClusterManager clusters = context.service(ClusterManager.class);
        config.clusterStatName = name -> {
            Cluster cluster = clusters.get(name);
            return cluster == null ? null : cluster.config().statName();
        };
        config.clusterMetadata = name -> {
            Cluster cluster = clusters.get(name);
            return cluster == null ? null : cluster.config().metadata();
        };
        ConfigNode logOptions = node.message("access_log_options");
        ConfigNode logging = logOptions == null ? node : logOptions;
        config.logNewRequests = logging.bool("flush_access_log_on_new_request", false);
        config.logIntervalNanos = logging.durationNanos("access_log_flush_interval", 0);
        config.logTunnels =
                logOptions != null && logOptions.bool("flush_log_on_tunnel_successfully_established", false);
        RequestIdConfig ids = RequestIdConfig.from(node);
        ConfigNode tracing = node.message("tracing");
        if (tracing != null) {
            config.tracer = TracingConfig.from(
                    tracing,
                    context.outbound(),
                    ids,
                    context.service(TracingDefaults.class).provider(),
                    context.service(TracingDefaults.class).environment(),
                    stats.tracing);
        }
        ConfigNode localReply = node.message("local_reply_config");
        config.appendLocalOverload = node.bool("append_local_overload", false);
        if (localReply != null) {
            config.localReplies = LocalReplies.from(localReply, context.runtime());
        }
        H1Limits limits = limits(node, config);
        TerminalFilterFactory installer = codec.equals("HTTP1")
                ? (channel, connection) ->
                        channel.pipeline().addLast(new H1ServerConnection(config, limits, connection))
                : new Http2Codec(node, config, limits, context.root()).installer(codec.equals("HTTP2"));
        return new Terminal(config.stats, installer, node.bool("add_proxy_protocol_connection_state", true));
    }

    /** @param tellsUpstreams {@code add_proxy_protocol_connection_state} */
    private record Terminal(ConnectionManagerStats stats, TerminalFilterFactory codec, boolean tellsUpstreams)
            implements TerminalFilterFactory {
        @Override
        public void install(Channel channel, ConnectionInfo connection) {
            connection.toldUpstream = tellsUpstreams || connection.remoteAddress != connection.directRemoteAddress;
            if (connection.secure) {
                stats.cxSslTotal.inc();
                stats.cxSslActive.inc();
                channel.closeFuture().addListener(f -> stats.cxSslActive.dec());
            }
            codec.install(channel, connection);
        }

        @Override
        public void closedBefore(ConnectionInfo connection) {
            stats.closedBefore(connection.secure, System.nanoTime() - connection.acceptedNanos);
        }
    }

    /** Envoy checks {@code vhds} of a table that stands in the configuration, and then takes no notice of it. */
    private static void requireIncremental(@Nullable ConfigNode vhds) {
        ConfigNode source = vhds == null ? null : vhds.message("config_source");
        ConfigNode api = source == null ? null : source.message("api_config_source");
        if (source != null
                && !source.has("ads")
                && (api == null || !api.enumName("api_type").equals("DELTA_GRPC"))) {
            throw source.error(
                    "config_source_specifier",
                    "vhds: only 'DELTA_GRPC' or 'ADS' (which uses Delta xDS) is supported as a config source.");
        }
    }

    private static RouteResolver routes(ConfigNode node, HttpFilterContext context) {
        ConfigNode rds = node.message("rds");
        RouteTables tables = context.service(RouteTables.class);
        Lifecycle life = context.service(Lifecycle.class);
        if (rds != null) {
            return tables.get(
                    rds.string("route_config_name"),
                    rds.required("config_source"),
                    context.scope(),
                    routeContext(context, false),
                    life);
        }
        ConfigNode scoped = node.message("scoped_routes");
        if (scoped != null) {
            return new ScopedRoutes(
                    scoped,
                    context.scope(),
                    context.service(ConfigSources.class),
                    new ScopedRoutes.Tables(
                            tables, scoped.message("rds_config_source"), context.scope(), routeContext(context, false)),
                    life);
        }
        ConfigNode table = node.message("route_config");
        if (table == null) {
            throw node.error("route_specifier", "is required");
        }
        requireIncremental(table.message("vhds"));
        RouteTable routes = RouteTableConfig.from(table, routeContext(context, true));
        routes.enter();
        life.onEnd(routes::leave);
        return routes;
    }

    private static FilterRouteContext routeContext(FilterContext filterContext, boolean validateClusters) {
        ClusterManager clusters = filterContext.service(ClusterManager.class);
        return new FilterRouteContext(
                filterContext,
                name -> clusters.get(name) != null,
                validateClusters,
                RandomSource.seeded(filterContext.randomSeed()));
    }

    private static List<dev.mishap.proxy.http.AccessLog> logs(ConfigNode node, NetworkFilterContext context) {
        List<ConfigNode> nodes = node.messages("access_log");
        if (nodes.isEmpty()) {
            return List.of();
        }
        AccessLog log = AccessLogs.from(nodes, context.service(LogFiles.class), context.runtime());
        return List.of(stream ->
                log.log(stream.info(), stream.requestHeaders(), stream.responseHeaders(), stream.responseTrailers()));
    }

    private static void paths(ConfigNode node, ConnectionManagerConfig config) {
        config.normalizePath = node.bool("normalize_path", false);
        config.mergeSlashes = node.bool("merge_slashes", false);
        String slashes = node.enumName("path_with_escaped_slashes_action");
        config.escapedSlashes = slashes.equals("IMPLEMENTATION_SPECIFIC_DEFAULT")
                ? ConnectionManagerConfig.EscapedSlashes.KEEP_UNCHANGED
                : ConnectionManagerConfig.EscapedSlashes.valueOf(slashes);
        boolean any = node.bool("strip_any_host_port", false);
        boolean matching = node.bool("strip_matching_host_port", false);
        if (any && matching) {
            throw new ConfigException(
                    "Error: Only one of `strip_matching_host_port` or `strip_any_host_port` can be set.");
        }
        // The port that matches is the listener's, which a connection knows.
        config.stripPort =
                any ? ConnectionManagerConfig.STRIP_ANY : matching ? ConnectionManagerConfig.STRIP_MATCHING : -1;
        config.stripTrailingHostDot = node.bool("strip_trailing_host_dot", false);
    }

    private static void timeouts(ConfigNode node, ConnectionManagerConfig config) {
        config.streamIdleTimeoutNanos = node.durationNanos("stream_idle_timeout", 300 * SECOND);
        config.requestTimeoutNanos = node.durationNanos("request_timeout", 0);
        config.requestHeadersTimeoutNanos = node.durationNanos("request_headers_timeout", 0);
        config.delayedCloseTimeoutNanos = node.durationNanos("delayed_close_timeout", SECOND);
        config.drainTimeoutNanos = node.durationNanos("drain_timeout", 5 * SECOND);
        config.drainTimeoutJitterPercent = Jitter.percent(node.message("drain_timeout_jitter"));
        config.safeMaxConnectionDuration = node.bool("http1_safe_max_connection_duration", false);
        ConfigNode common = node.message("common_http_protocol_options");
        if (common != null) {
            config.idleTimeoutNanos = common.durationNanos("idle_timeout", 3600 * SECOND);
            config.maxConnectionDurationNanos = common.durationNanos("max_connection_duration", 0);
            config.maxConnectionDurationJitterPercent =
                    Jitter.percent(common.message("max_connection_duration_jitter"));
            config.maxStreamDurationNanos = common.durationNanos("max_stream_duration", 0);
            config.maxRequestsPerConnection =
                    (int) Math.min(common.integer("max_requests_per_connection", 0), Integer.MAX_VALUE);
            if (common.has("max_response_headers_kb")) {
                throw common.error("max_response_headers_kb", "has no meaning downstream");
            }
        }
    }

    private static Map<String, ConnectionManagerConfig.Upgrade> upgrades(
            ConfigNode node, FilterContext filterContext, NetworkFilterContext context) {
        Map<String, ConnectionManagerConfig.Upgrade> upgrades = new HashMap<>();
        for (ConfigNode upgrade : node.messages("upgrade_configs")) {
            String type = upgrade.string("upgrade_type").toLowerCase(Locale.ROOT);
            if (upgrades.containsKey(type)) {
                throw new ConfigException(
                        "Error: multiple upgrade configs with the same name: '" + upgrade.string("upgrade_type") + "'");
            }
            upgrades.put(
                    type,
                    new ConnectionManagerConfig.Upgrade(
                            upgrade.bool("enabled", true),
                            upgrade.messages("filters").isEmpty()
                                    ? null
                                    : HttpFilterChain.from(upgrade, "filters", filterContext, context)));
        }
        return Map.copyOf(upgrades);
    }

    private static H1Limits limits(ConfigNode node, ConnectionManagerConfig config) {
        ConfigNode common = node.message("common_http_protocol_options");
        ConfigNode h1 = node.message("http_protocol_options");
        boolean trailers = false;
        boolean streamErrors = node.bool("stream_error_on_invalid_http_message", false);
        config.staysOpenAfterBadRequest = streamErrors;
        H1Limits.Leniency leniency = H1Limits.Leniency.NONE;
        if (h1 != null) {
            config.staysOpenAfterBadRequest = h1.bool("override_stream_error_on_invalid_http_message", streamErrors);
            leniency = leniency(h1);
            config.acceptHttp10 = h1.bool("accept_http_10", false);
            config.defaultHostForHttp10 = h1.string("default_host_for_http_10");
            trailers = h1.bool("enable_trailers", false);
            config.properCaseResponses = properCase(h1.message("header_key_format"));
            if (!h1.bool("allow_absolute_url", true)) {
                throw h1.error("allow_absolute_url", "false is not supported");
            }
        }
        return new H1Limits(
                (int) node.integer("max_request_headers_kb", 60) * 1024,
                common == null ? 100 : (int) Math.min(common.integer("max_headers_count", 100), 1 << 20),
                common == null
                        ? H1Limits.Underscores.ALLOW
                        : H1Limits.Underscores.valueOf(common.enumName("headers_with_underscores_action")),
                trailers,
                config.acceptHttp10,
                leniency);
    }

    private static H1Limits.Leniency leniency(ConfigNode options) {
        List<StringMatcher> ignored = new ArrayList<>();
        for (ConfigNode matcher : options.messages("ignore_http_11_upgrade")) {
            ignored.add(StringMatcher.from(matcher));
        }
        return new H1Limits.Leniency(
                options.bool("allow_chunked_length", false),
                options.bool("allow_custom_methods", false),
                ignored.isEmpty() ? null : protocol -> ignored.stream().anyMatch(m -> m.matches(protocol)));
    }

    private static boolean properCase(@Nullable ConfigNode format) {
        return format != null && format.message("proper_case_words") != null;
    }

    /** A filter's context: that of the listener with the connection manager's scope. */
    private record HttpFilterContext(NetworkFilterContext listener, Scope scope, String prefix)
            implements FilterContext {
        HttpFilterContext(NetworkFilterContext listener, String prefix) {
            this(listener, listener.root().scope(prefix), prefix);
        }

        @Override
        public FilterContext withoutDot() {
            return new HttpFilterContext(listener, prefix.substring(0, prefix.length() - 1));
        }

        @Override
        public String listenerName() {
            return listener.listenerName();
        }

        @Override
        public Supplier<RuntimeSnapshot> runtime() {
            return listener.runtime();
        }

        @Override
        public String nodeId() {
            return listener.nodeId();
        }

        @Override
        public String nodeCluster() {
            return listener.nodeCluster();
        }

        @Override
        public long randomSeed() {
            return listener.randomSeed();
        }

        @Override
        public <T> T service(Class<T> type) {
            return listener.service(type);
        }
    }
}
