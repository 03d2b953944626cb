package dev.mishap.proxy.server;

import dev.mishap.proxy.admin.AdminServer;
import dev.mishap.proxy.admin.DynamicConfigs;
import dev.mishap.proxy.cluster.Cds;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.EndpointStats;
import dev.mishap.proxy.cluster.OnDemandClusters;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.common.SharedTokenBuckets;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.filter.http.UpstreamFilterChains;
import dev.mishap.proxy.filter.http.mishap.RulesFilterStats;
import dev.mishap.proxy.filter.network.hcm.RouteTables;
import dev.mishap.proxy.filter.network.hcm.UpstreamHttpFilters;
import dev.mishap.proxy.filter.network.mishap.ConnectionFaults;
import dev.mishap.proxy.filter.network.mishap.UpstreamFaults;
import dev.mishap.proxy.filter.network.mishap.UpstreamGates;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.listener.Lds;
import dev.mishap.proxy.listener.Listener;
import dev.mishap.proxy.listener.ListenerManager;
import dev.mishap.proxy.log.Logging;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.observe.sink.StatsSink;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.trace.TracingDefaults;
import dev.mishap.proxy.overload.OverloadManager;
import dev.mishap.proxy.overload.OverloadState;
import dev.mishap.proxy.rules.KillSwitch;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.runtime.RuntimeLoader;
import dev.mishap.proxy.tls.Tls;
import dev.mishap.proxy.transport.CertificateInfo;
import dev.mishap.proxy.transport.LineFiles;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.transport.internal.InternalListeners;
import dev.mishap.proxy.upstream.Upstreams;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.DynamicFields;
import dev.mishap.proxy.xds.ExtensionConfigs;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceStates;
import dev.mishap.proxy.xds.file.FileWatcher;
import dev.mishap.proxy.xds.lrs.LoadReporter;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Ticker;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A proxy: everything that a bootstrap names, made in order, started, drained and ended. Making it checks all of the
 * configuration and opens no socket.
 *
 * <p>SIGTERM and SIGINT drain: listeners close at once, idle connections and those of TCP too, and responses under way are finished with
 * {@code connection: close}, for at most {@link Shutdown#MAX_DRAIN_SECONDS} seconds or {@code --drain-time-s} if that is less; a second
 * signal ends the process at once. (Envoy ends without waiting.) SIGUSR1 reopens the log files, SIGURG turns all faults off.
 */
public final class Server {
    private static final Logger LOG = LoggerFactory.getLogger("main");

    /**
     * Turns all faults off. Envoy does not use it, a process that does not know it ignores it, and the JVM is free to be sent it (SIGUSR2
     * is what HotSpot suspends threads with).
     */
    static final String KILL_SIGNAL = "URG";

    /** As {@code server.state} counts them. */
    private static final List<ServerState> STATES =
            List.of(ServerState.LIVE, ServerState.DRAINING, ServerState.PRE_INITIALIZING, ServerState.INITIALIZING);

    private final Options options;
    private final Bootstrap bootstrap;
    private final StatsConfig statsConfig;
    private final SecretSubscriptions secrets;
    private final StatsStore stats;
    private final RuntimeLoader runtime;
    private final LogFiles logFiles;
    private final DrainState drain = new DrainState();
    private final Transport transport = Transport.best();
    private final EventLoops loops;
    private final ServerClusters clusterContext;
    private final TransportContext transports;
    private final ClusterManager clusters;
    private final Upstreams upstreams;
    private final RuleStore rules;
    private final Services services = new Services();
    private final OverloadState overload = new OverloadState();
    private final @Nullable OverloadManager overloadManager;
    private final FileWatcher files;
    private final DynamicSources carriers;
    private final ResourceStates resourceStates = new ResourceStates();
    private final ConfigSources sources;
    private final RouteTables routeTables;
    private final ExtensionConfigs extensionConfigs;
    private final ListenerManager listeners;
    private final @Nullable Cds cds;
    private final @Nullable Lds lds;
    private final InitManager init = new InitManager("Server");
    private final Startup startup;
    private final Shutdown shutdown;
    private final long seed = ProcessSeed.fromEnvironment();
    private final long startNanos = System.nanoTime();
    private final AccessLog adminLog;
    private final ServerStats serverStats;
    private final List<StatsSink> sinks;
    private final @Nullable LoadReporter loadReporter;
    private @Nullable AdminServer admin;
    private @Nullable AutoCloseable killFile;
    private volatile ServerState state = ServerState.PRE_INITIALIZING;

    /**
     * Makes the server of a bootstrap.
     *
     * @throws ConfigException when something in it can't be accepted
     */
    public Server(Options options, Bootstrap bootstrap) {
        this.options = options;
        this.bootstrap = bootstrap;
        this.statsConfig = StatsConfig.from(bootstrap.statsConfig(), options.statsTags());
        this.stats = new StatsStore(statsConfig.accepts());
        this.runtime = new RuntimeLoader(bootstrap.runtime(), bootstrap.node().cluster(), stats);
        this.logFiles = new LogFiles(options.fileFlushIntervalMillis(), options.fileFlushMinSizeKb(), stats);
        this.loops = new EventLoops(transport, options.concurrency());
        this.upstreams = new Upstreams(seed);
        upstreams.countOwnRequests(stats.counter("http.async-client.rq_total"));
        this.files = new FileWatcher(loops::onMain);
        boolean made = false;
        try {
            EventLoop main = loops.main();
            FileWatches watches = new FileWatches(files);
            this.transports = new TransportContext(bootstrap.secrets(), watches::directory);
            this.secrets = new SecretSubscriptions(this::configSources, stats, loops::onMain);
            transports.give(SecretDelivery.class, secrets);
            transports.give(LineFiles.class, path -> logFiles.open(path)::line);
            if (!bootstrap.secrets().isEmpty()) {
                Tls.of(transports).checkSecrets();
            }
            this.rules = new RuleStore(
                    Ticker.systemTicker(),
                    main,
                    stats,
                    RandomSource.seeded(seed)::next,
                    options.safety().protection(),
                    options.safety().dryRun());
            InternalListeners internal = InternalListeners.from(bootstrap.config());
            this.clusterContext = new ServerClusters(
                    stats, main, options.concurrency(), runtime, bootstrap, logFiles, transports, rules, internal);
            this.clusters = new ClusterManager(clusterContext, ClusterTranslator::from);
            stats.add(new EndpointStats(clusters::all));
            stats.beforeRead(rules::showCounts);
            services.add(StatsStore.class, stats);
            services.add(RuntimeLoader.class, runtime);
            services.add(InternalListeners.class, internal);
            services.add(LogFiles.class, logFiles);
            services.add(TransportContext.class, transports);
            services.add(DrainState.class, drain);
            services.add(OverloadState.class, overload);
            services.add(SharedTokenBuckets.class, new SharedTokenBuckets());
            services.add(ClusterManager.class, clusters);
            services.add(Upstreams.class, upstreams);
            Counter asked = stats.counter("http.async-client.rq_total");
            AsyncHttpClient http = new AsyncHttpClient(upstreams, clusters::get, asked);
            AsyncGrpcClient grpc = new AsyncGrpcClient(upstreams, clusters::get, asked);
            services.add(AsyncHttpClient.class, http);
            services.add(EventLoop.class, main); // for what filters do apart from requests
            services.add(AsyncGrpcClient.class, grpc);
            ConfigNode dynamic = bootstrap.config().message("dynamic_resources");
            this.carriers = new DynamicSources(
                    new DynamicSources.Carriers(decoder(), files, grpc, http, main),
                    bootstrap.node(),
                    new DynamicSources.Surroundings(
                            runtime.get().bool(DynamicSources.FAILOVER, false),
                            bootstrap.primaryClusters(),
                            options.validateOnly()),
                    dynamic == null ? null : dynamic.message("ads_config"),
                    stats);
            this.sources = resourceStates.follow(carriers);
            extensionConfigs = new ExtensionConfigs(sources, stats);
            services.add(UpstreamFilterChains.class, UpstreamHttpFilters::from);
            clusterContext.connect(
                    clusters,
                    sources,
                    extensionConfigs,
                    scope -> new ClusterFilters(scope, runtime, bootstrap.node(), seed, services));
            bootstrap.clusters().forEach(clusters::addStatic);
            runtime.subscribe(sources, stats);
            Telemetry telemetry = new Telemetry(bootstrap, stats, loops, clusters, http, grpc);
            loadReporter = options.validateOnly() ? null : telemetry.loadReporter();
            services.add(TracingDefaults.class, telemetry.tracing(runtime));
            logFiles.remote(telemetry.remoteLogs());
            services.add(RuleStore.class, rules);
            services.add(RulesFilterStats.class, new RulesFilterStats(stats));
            stats.counter("server.static_unknown_fields").add(bootstrap.unknownFields());
            routeTables = new RouteTables(sources, main);
            services.add(
                    OnDemandClusters.class,
                    new OnDemandClusters(clusters, sources, dynamic != null && dynamic.has("ads_config"), stats, main));
            services.add(ConfigSources.class, sources);
            services.add(RouteTables.class, routeTables);
            services.add(ExtensionConfigs.class, extensionConfigs);
            ConnectionFaults connectionFaults = new ConnectionFaults(rules, stats);
            upstreams.gate(
                    new UpstreamGates(new UpstreamFaults(rules, connectionFaults), clusterContext.clusterRules()));
            services.add(ConnectionFaults.class, connectionFaults);
            listeners = new ListenerManager(
                    transport,
                    loops.workers(),
                    loops::main,
                    new ListenerContexts(stats, runtime, bootstrap.node(), seed, drain, services),
                    stats,
                    drain,
                    new ListenerManager.Drain(
                            TimeUnit.SECONDS.toNanos(options.drainTimeSeconds()), options.drainImmediately()),
                    connectionFaults);
            internal.serve(listeners::internal);
            rules.onChange(() -> {
                listeners.all().forEach(Listener::reconsiderConnections);
                upstreams.reconsider();
            });
            bootstrap.listeners().forEach(listeners::addStatic);
            listeners.initializeWith(init);
            clusters.onGone(upstreams::forget);
            clusters.onGone(gone -> {
                if (clusters.get(gone.name()) == null) {
                    clusterContext.followedRules().remove(gone.name());
                }
            });
            ConfigNode cdsSource = dynamic == null ? null : dynamic.message("cds_config");
            ConfigNode ldsSource = dynamic == null ? null : dynamic.message("lds_config");
            cds = cdsSource == null ? null : new Cds(clusters, cdsSource, sources, stats);
            // Envoy does not look at LDS and LRS when it only validates.
            lds = ldsSource == null || options.validateOnly() ? null : new Lds(listeners, ldsSource, sources, stats);
            startup =
                    new Startup(main, stats, runtime, clusters, carriers, sources, cds, lds, init, this::startWorkers);
            shutdown = new Shutdown(main, listeners, drain, startup, options.drainTimeSeconds());
            sinks = telemetry.sinks(statsConfig, upstreams);
            ConfigNode overloading = bootstrap.config().message("overload_manager");
            overloadManager =
                    overloading == null ? null : OverloadManager.from(overloading, overload, stats, watches::file);
            adminLog = ServerAdmin.accessLog(this);
            serverStats = new ServerStats(
                    stats,
                    options.concurrency(),
                    clusters.all().size(),
                    bootstrap.config().integer("stats_server_version_override", Version.number()),
                    startNanos,
                    () -> STATES.indexOf(state()),
                    listeners::connections,
                    this::certificates);
            made = true;
        } finally {
            if (!made) {
                stopLoops();
            }
        }
    }

    private ConfigSources configSources() {
        return sources;
    }

    private ResourceDecoder decoder() {
        DynamicFields unknown = new DynamicFields(
                options.rejectUnknownDynamicFields(),
                options.ignoreUnknownDynamicFields(),
                stats.counter("server.dynamic_unknown_fields"));
        return new ResourceDecoder(unknown, SupportTable.all());
    }

    /**
     * Starts: clusters find their endpoints first, then what listeners wait for is fetched, then the workers start. Returns when
     * the server takes requests or has ended.
     *
     * @throws Listener.BindException when a listener's address can't be had
     */
    public void start() {
        killFile = KillFile.watch(options.safety(), rules.killSwitch());
        Signals.on(KILL_SIGNAL, () -> rules.killSwitch().kill(KillSwitch.Cause.SIGNAL, "caught SIG" + KILL_SIGNAL));
        admin = ServerAdmin.bind(this, statsConfig, transport, adminLog);
        state = ServerState.INITIALIZING;
        startup.begin();
        Signals.on("TERM", () -> shutdown.signalled("SIGTERM"));
        Signals.on("INT", () -> shutdown.signalled("SIGINT"));
        Signals.on("USR1", () -> {
            logFiles.reopen();
            Logging.reopen();
        });
        startup.await();
    }

    private void startWorkers() {
        listeners.startWorkers();
        OverloadManager manager = overloadManager;
        if (manager != null) {
            manager.start(mainLoop(), () -> listeners.all().forEach(Listener::applyOverload));
        }
        state = ServerState.LIVE;
        serverStats.start(mainLoop(), bootstrap.statsFlushNanos(), sinks);
        LoadReporter reporter = loadReporter;
        if (reporter != null) {
            reporter.start();
        }
    }

    /** Waits until the server is to end; the process's exit code. */
    public int awaitEnd() {
        return shutdown.await();
    }

    /** Waits for the end, but not for ever; whether the server is to end. */
    public boolean awaitEnd(long time, TimeUnit unit) {
        return shutdown.await(time, unit);
    }

    /** Drains and ends the server; returns at once. */
    public void shutdown() {
        shutdown.begin();
    }

    /** See {@link Shutdown#drainListeners}. */
    void drainListeners(boolean graceful, boolean skipExit, boolean inboundOnly) {
        shutdown.drainListeners(graceful, skipExit, inboundOnly);
    }

    /** Frees what the server holds; the last call. */
    public void close() {
        AdminServer a = admin;
        if (a != null) {
            a.close();
        }
        for (Listener l : listeners.all()) {
            l.close();
        }
        files.close();
        closeKillFile();
        serverStats.end(mainLoop(), sinks);
        sinks.forEach(StatsSink::close);
        LoadReporter reporter = loadReporter;
        if (reporter != null) {
            loops.onMain(reporter::close);
        }
        loops.onMain(carriers::close);
        clusters.close();
        clusterContext.close();
        runtime.close();
        stopLoops();
        logFiles.close();
    }

    private void closeKillFile() {
        AutoCloseable watched = killFile;
        if (watched != null) {
            try {
                watched.close();
            } catch (Exception e) {
                LOG.debug("closing the kill file's watcher", e);
            }
        }
    }

    private void stopLoops() {
        upstreams.drain();
        loops.stop();
    }

    /** Where the admin server listens; null when there is none. */
    public @Nullable SocketAddress adminAddress() {
        AdminServer a = admin;
        return a == null ? null : a.address();
    }

    // ---- what the admin server shows ----

    public Options options() {
        return options;
    }

    public Bootstrap bootstrap() {
        return bootstrap;
    }

    public StatsStore stats() {
        return stats;
    }

    public RuntimeLoader runtime() {
        return runtime;
    }

    public LogFiles logFiles() {
        return logFiles;
    }

    public DrainState drain() {
        return drain;
    }

    /** The certificates of the process; null when it has none. */
    @Nullable
    CertificateInfo certificates() {
        return transports.ifMade(CertificateInfo.class);
    }

    public ClusterManager clusters() {
        return clusters;
    }

    public RuleStore rules() {
        return rules;
    }

    /** The listeners that are in use. */
    public List<Listener> listeners() {
        return listeners.active();
    }

    public ListenerManager listenerManager() {
        return listeners;
    }

    /** What was discovered. */
    DynamicConfigs dynamicConfigs() {
        return new DiscoveredConfigs(listeners, lds, cds, routeTables, extensionConfigs, secrets, init, resourceStates);
    }

    /** How far the server has come. */
    public ServerState state() {
        ServerState now = state;
        return shutdown.begun() || now == ServerState.LIVE && drain.failHealthChecks() ? ServerState.DRAINING : now;
    }

    /** When the server was made, by {@link System#nanoTime}. */
    public long startNanos() {
        return startNanos;
    }

    /** The loop of everything that is not a request: admin server, names, rules. */
    public EventLoop mainLoop() {
        return loops.main();
    }
}
