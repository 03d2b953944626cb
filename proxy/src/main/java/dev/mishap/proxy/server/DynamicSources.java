package dev.mishap.proxy.server;

import dev.mishap.proxy.config.TransportVersion;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import dev.mishap.proxy.xds.file.FileSubscription;
import dev.mishap.proxy.xds.file.FileWatcher;
import dev.mishap.proxy.xds.grpc.GrpcTransport;
import dev.mishap.proxy.xds.grpc.LoopTimers;
import dev.mishap.proxy.xds.grpc.XdsMux;
import dev.mishap.proxy.xds.grpc.XdsTransport;
import dev.mishap.proxy.xds.rest.RestSubscription;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The kinds of sources that a {@code ConfigSource} may name, and the stream that all of kind {@code ads} share. */
final class DynamicSources implements ConfigSources {
    private static final String ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService/";
    private static final String API = "envoy.config.core.v3.ApiConfigSource";
    private static final long SECOND = 1_000_000_000L;
    private static final long DEFAULT_INITIAL_FETCH = 15 * SECOND;

    /** With it, {@code grpc_services} may name a second server. */
    static final String FAILOVER = "envoy.restart_features.xds_failover_support";

    private final Carriers carriers;
    private final Bootstrap.Node node;
    private final Surroundings around;
    private final @Nullable XdsMux ads;

    /** Of a process that only validates. */
    private static final class NeverStarted implements Subscription {
        @Override
        public void start(Set<String> names) {
            throw new IllegalStateException("nothing starts in a validation");
        }

        @Override
        public void names(Set<String> names) {}

        @Override
        public boolean incremental() {
            return true;
        }

        @Override
        public void close() {}
    }

    /** What carries subscriptions. */
    record Carriers(
            ResourceDecoder decoder,
            FileWatcher files,
            AsyncGrpcClient grpc,
            AsyncHttpClient http,
            EventLoop mainLoop) {}

    /**
     * What sources are checked against.
     *
     * @param failover whether {@link #FAILOVER} is on
     * @param primary names of the bootstrap's clusters that need no server for their endpoints
     * @param validateOnly nothing is going to be started: a source that can't be is then passed over where Envoy passes it over
     */
    record Surroundings(boolean failover, Set<String> primary, boolean validateOnly) {
        int mostServers() {
            return failover ? 2 : 1;
        }

        void requirePrimary(String cluster) {
            if (!primary.contains(cluster)) {
                throw new ConfigException(API + " must have a statically defined non-EDS cluster: '" + cluster
                        + "' does not exist, was added via api, or is an EDS cluster");
            }
        }
    }

    /**
     * @param adsConfig {@code dynamic_resources.ads_config}, or null
     * @param root scope without prefix
     * @throws ConfigException when there can be no such stream
     */
    DynamicSources(
            Carriers carriers, Bootstrap.Node node, Surroundings around, @Nullable ConfigNode adsConfig, Scope root) {
        this.around = around;
        this.carriers = carriers;
        this.node = node;
        if (adsConfig == null) {
            ads = null;
        } else {
            String kind = adsConfig.enumName("api_type");
            TransportVersion.check(adsConfig);
            checkNames(adsConfig);
            if (!kind.equals("GRPC") && !kind.equals("DELTA_GRPC")) {
                throw adsConfig.error("api_type", API + " type must be of non-aggregated gRPC");
            }
            for (String cluster : clusters(adsConfig)) {
                if (!around.primary().contains(cluster)) {
                    throw new ConfigException("Unknown gRPC client cluster '" + cluster + "'");
                }
            }
            boolean delta = kind.equals("DELTA_GRPC");
            ads = mux(adsConfig, ADS + (delta ? "DeltaAggregatedResources" : "StreamAggregatedResources"), delta, root);
        }
    }

    /** Opens the shared stream, if there is one. */
    void start() {
        XdsMux a = ads;
        if (a != null) {
            a.start();
        }
    }

    @Override
    public Subscription subscribe(
            ConfigNode source, ResourceType type, SubscriptionStats stats, ResourceWatcher watcher) {
        if (node.id().isEmpty() || node.cluster().isEmpty()) {
            throw new ConfigException(
                    type.typeUrl() + ": node 'id' and 'cluster' are required. Set it either in 'node' config"
                            + " or via --service-node and --service-cluster options.");
        }
        String kind = source.oneof("config_source_specifier");
        if (kind == null || kind.equals("self")) {
            throw new ConfigException("Missing config source specifier in envoy::config::core::v3::ConfigSource");
        }
        long patience = source.durationNanos("initial_fetch_timeout", DEFAULT_INITIAL_FETCH);
        switch (kind) {
            case "path":
                return file(source.string("path"), "", type, stats, watcher);
            case "path_config_source": {
                ConfigNode path = source.required("path_config_source");
                ConfigNode directory = path.message("watched_directory");
                return file(
                        path.string("path"), directory == null ? "" : directory.string("path"), type, stats, watcher);
            }
            case "api_config_source":
                return api(source.required("api_config_source"), type, stats, watcher, patience);
            case "ads":
                XdsMux a = ads;
                if (a == null && around.validateOnly()) {
                    return new NeverStarted();
                }
                if (a == null) {
                    throw new ConfigException("ADS must be configured to support an ADS config source");
                }
                return a.subscribe(type, stats, watcher, patience, false);
            default:
                throw source.error(kind, "is not supported");
        }
    }

    private Subscription file(
            String path, String directory, ResourceType type, SubscriptionStats stats, ResourceWatcher watcher) {
        return new FileSubscription(path, directory, type, carriers.decoder(), carriers.files(), stats, watcher);
    }

    private Subscription api(
            ConfigNode api, ResourceType type, SubscriptionStats stats, ResourceWatcher watcher, long patience) {
        String kind = api.enumName("api_type");
        TransportVersion.check(api);
        if (kind.startsWith("AGGREGATED")) {
            throw api.error("api_type", "Unsupported config source " + kind);
        }
        checkNames(api);
        if (type != ResourceType.SECRET && type != ResourceType.VIRTUAL_HOST) {
            clusters(api).forEach(around::requirePrimary);
        }
        switch (kind) {
            case "REST": {
                List<String> clusters = api.strings("cluster_names");
                if (!api.has("refresh_delay")) {
                    throw new ConfigException("refresh_delay is required for REST API configuration sources");
                }
                return new RestSubscription(
                        new RestSubscription.Settings(
                                clusters,
                                api.durationNanos("refresh_delay", 0),
                                api.durationNanos("request_timeout", SECOND),
                                patience),
                        type,
                        carriers.decoder(),
                        carriers.http(),
                        carriers.mainLoop(),
                        ServerInfo.discoveringNode(node),
                        stats,
                        watcher);
            }
            case "GRPC":
            case "DELTA_GRPC": {
                boolean delta = kind.equals("DELTA_GRPC");
                XdsMux own = mux(api, delta ? type.deltaPath() : type.streamPath(), delta, stats.scope());
                return own.subscribe(type, stats, watcher, patience, true);
            }
            default:
                throw api.error("api_type", kind + " is not supported");
        }
    }

    /** Envoy's checks of who is to be asked, in its order and words. */
    private void checkNames(ConfigNode api) {
        int services = api.messages("grpc_services").size();
        int names = api.strings("cluster_names").size();
        if (services == 0 && names == 0) {
            throw new ConfigException("API configs must have either a gRPC service or a cluster name defined");
        }
        if (!api.enumName("api_type").endsWith("GRPC")) {
            if (services > 0) {
                throw api.error("grpc_services", API + ", if not a gRPC type, must not have a gRPC service specified");
            }
            if (names != 1) {
                throw api.error("cluster_names", API + " must have a singleton cluster name specified");
            }
            return;
        }
        if (names > 0) {
            throw api.error(
                    "cluster_names", API + "::(AGGREGATED_)(DELTA_)GRPC must not have a cluster name specified");
        }
        int most = around.mostServers();
        if (services > most) {
            throw api.error(
                    "grpc_services",
                    API + "::(AGGREGATED_)(DELTA_)GRPC must have no more than " + most
                            + " gRPC services specified, got "
                            + services
                            + (most > 1
                                    ? ""
                                    : "; a second one is for failover, and needs the runtime key " + FAILOVER
                                            + ": true"));
        }
    }

    /** The clusters that a source names. */
    private static List<String> clusters(ConfigNode api) {
        List<String> all = new ArrayList<>(api.strings("cluster_names"));
        for (ConfigNode service : api.messages("grpc_services")) {
            ConfigNode envoy = service.message("envoy_grpc");
            if (envoy != null) {
                all.add(envoy.string("cluster_name"));
            }
        }
        return all;
    }

    private XdsMux mux(ConfigNode api, String method, boolean delta, Scope scope) {
        List<XdsTransport> servers = new ArrayList<>();
        for (ConfigNode service : api.messages("grpc_services")) {
            servers.add(new GrpcTransport(carriers.grpc(), GrpcService.ofStream(service), carriers.mainLoop()));
        }
        ProtoWriter self = new ProtoWriter();
        NodeIdentity.write(node, self);
        ConfigNode limits = api.message("rate_limit_settings");
        XdsMux.Settings settings = new XdsMux.Settings(
                method,
                delta,
                api.bool("set_node_on_first_message_only", false),
                limits == null ? 0 : (int) Math.min(Integer.MAX_VALUE, limits.integer("max_tokens", 100)),
                limits == null ? 0 : Math.max(0.01, limits.number("fill_rate", 10)));
        return new XdsMux(
                settings, servers, new LoopTimers(carriers.mainLoop()), carriers.decoder(), self.toByteArray(), scope);
    }

    /** Ends the shared stream. */
    void close() {
        XdsMux a = ads;
        if (a != null) {
            a.close();
        }
    }
}
