package dev.mishap.proxy.server;

import dev.mishap.proxy.admin.AdminServer;
import dev.mishap.proxy.admin.DynamicConfigs;
import dev.mishap.proxy.cluster.Cds;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.common.SharedTokenBuckets;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.filter.http.mishap.RulesFilterStats;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.hcm.RouteTables;
import dev.mishap.proxy.filter.network.mishap.ConnectionFaults;
import dev.mishap.proxy.filter.network.mishap.UpstreamFaults;
import dev.mishap.proxy.filter.network.mishap.UpstreamGates;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.listener.ChainLife;
import dev.mishap.proxy.listener.Lds;
import dev.mishap.proxy.listener.Listener;
import dev.mishap.proxy.listener.ListenerConfig;
import dev.mishap.proxy.listener.ListenerManager;
import dev.mishap.proxy.log.Logging;
import dev.mishap.proxy.observe.als.GrpcAccessLogs;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.observe.sink.StatsSink;
import dev.mishap.proxy.observe.sink.StatsSinks;
import dev.mishap.proxy.observe.stats.OwnedScope;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.trace.TracingConfig;
import dev.mishap.proxy.observe.trace.TracingDefaults;
import dev.mishap.proxy.overload.OverloadManager;
import dev.mishap.proxy.overload.OverloadState;
import dev.mishap.proxy.rules.KillSwitch;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.runtime.RuntimeLoader;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.tls.Tls;
import dev.mishap.proxy.transport.CertificateInfo;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.upstream.Upstreams;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.DynamicFields;
import dev.mishap.proxy.xds.ExtensionConfigs;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceStates;
import dev.mishap.proxy.xds.file.FileWatcher;
import dev.mishap.proxy.xds.grpc.GrpcTransport;
import dev.mishap.proxy.xds.grpc.LoopTimers;
import dev.mishap.proxy.xds.lrs.LoadReporter;
import dev.mishap.proxy.xds.lrs.LoadStatsConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A proxy: everything that a bootstrap names, made in order, started, drained and ended. Making it checks all of the
 * configuration and opens no socket.
 *
 * <p>SIGTERM and SIGINT drain: listeners close at once, idle connections too, and responses under way are finished with
 * {@code connection: close}, for at most {@link #MAX_DRAIN_SECONDS} seconds or {@code --drain-time-s} if that is less; a second
 * signal ends the process at once. (Envoy ends without waiting.) SIGUSR1 reopens the log files, SIGURG turns all faults off.
 */
public final class Server {
    private static final Logger LOG = LoggerFactory.getLogger("main");

    /**
     * Turns all faults off. Envoy does not use it, a process that does not know it ignores it, and the JVM is free to be sent it (SIGUSR2
     * is what HotSpot suspends threads with).
     */
    static final String KILL_SIGNAL = "URG";

    /** Requests under way may take this long to end after SIGTERM. */
    static final long MAX_DRAIN_SECONDS = 10;

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
    private final EventLoopGroup mainGroup;
    private final EventLoopGroup workerGroup;
    private final ServerClusters clusterContext;
    private final TransportContext transports;
    private final ClusterManager clusters;
    private final Upstreams upstreams;
    private final RuleStore rules;
    private final Services services = new Services();
    private final OverloadState overload = new OverloadState();
    private final @Nullable OverloadManager overloadManager;
    private final FileWatcher files = new FileWatcher(this::onMainLoop);
    private final DynamicSources carriers;
    private final ResourceStates resourceStates = new ResourceStates();
    private final ConfigSources sources;
    private final RouteTables routeTables;
    private final ExtensionConfigs extensionConfigs;
    private final ListenerManager listeners;
    private final @Nullable Cds cds;
    private final @Nullable Lds lds;
    private final InitManager init = new InitManager("Server");
    private final long seed = ProcessSeed.fromEnvironment();
    private final long startNanos = System.nanoTime();
    /** Done when the workers are started, or will never be; failed when they can't be. */
    private final CompletableFuture<Void> started = new CompletableFuture<>();

    private final CountDownLatch over = new CountDownLatch(1);
    private final AccessLog adminLog;
    private final ServerStats serverStats;
    private final List<StatsSink> sinks;
    private final @Nullable LoadReporter loadReporter;
    private @Nullable AdminServer admin;
    private @Nullable AutoCloseable killFile;
    private volatile ServerState state = ServerState.PRE_INITIALIZING;
    private volatile int exitCode;
    private volatile boolean ending;

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
        this.mainGroup = transport.loops(1, "main");
        this.workerGroup = transport.loops(options.concurrency(), "wrk:worker");
        this.upstreams = new Upstreams(seed);
        boolean made = false;
        try {
            EventLoop main = mainLoop();
            this.transports = new TransportContext(bootstrap.secrets(), this::watch);
            this.secrets = new SecretSubscriptions(this::configSources, stats, this::onMainLoop);
            transports.give(SecretDelivery.class, secrets);
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
            this.clusterContext = new ServerClusters(
                    stats, main, options.concurrency(), runtime, bootstrap, logFiles, transports, rules);
            this.clusters = new ClusterManager(clusterContext, ClusterTranslator::from);
            stats.beforeRead(rules::showCounts);
            services.add(StatsStore.class, stats);
            services.add(RuntimeLoader.class, runtime);
            services.add(LogFiles.class, logFiles);
            services.add(TransportContext.class, transports);
            services.add(DrainState.class, drain);
            services.add(OverloadState.class, overload);
            services.add(SharedTokenBuckets.class, new SharedTokenBuckets());
            services.add(ClusterManager.class, clusters);
            services.add(Upstreams.class, upstreams);
            AsyncHttpClient http = new AsyncHttpClient(upstreams, clusters::get);
            AsyncGrpcClient grpc = new AsyncGrpcClient(upstreams, clusters::get);
            services.add(AsyncHttpClient.class, http);
            services.add(EventLoop.class, main); // for what filters do apart from requests
            services.add(AsyncGrpcClient.class, grpc);
            ConfigNode dynamic = bootstrap.config().message("dynamic_resources");
            this.carriers = new DynamicSources(
                    new DynamicSources.Carriers(decoder(), files, grpc, http, main),
                    bootstrap.node(),
                    dynamic == null ? null : dynamic.message("ads_config"),
                    stats);
            this.sources = resourceStates.follow(carriers);
            clusterContext.connect(clusters, sources);
            bootstrap.clusters().forEach(clusters::addStatic);
            loadReporter = loadReporter(grpc, main);
            services.add(TracingDefaults.class, tracing());
            logFiles.remote(new GrpcAccessLogs(
                    services.get(AsyncGrpcClient.class),
                    stats,
                    allLoops(),
                    out -> NodeIdentity.write(bootstrap.node(), out)));
            services.add(RuleStore.class, rules);
            services.add(RulesFilterStats.class, new RulesFilterStats(stats));
            stats.counter("server.static_unknown_fields").add(bootstrap.unknownFields());
            routeTables = new RouteTables(sources);
            extensionConfigs = new ExtensionConfigs(sources, stats);
            services.add(ConfigSources.class, sources);
            services.add(RouteTables.class, routeTables);
            services.add(ExtensionConfigs.class, extensionConfigs);
            ConnectionFaults connectionFaults = new ConnectionFaults(rules, stats);
            upstreams.gate(
                    new UpstreamGates(new UpstreamFaults(rules, connectionFaults), clusterContext.clusterRules()));
            services.add(ConnectionFaults.class, connectionFaults);
            listeners = new ListenerManager(
                    transport,
                    workers(),
                    this::mainLoop,
                    this::listenerConfig,
                    stats,
                    drain,
                    new ListenerManager.Drain(
                            TimeUnit.SECONDS.toNanos(options.drainTimeSeconds()), options.drainImmediately()),
                    connectionFaults);
            rules.onChange(() -> {
                listeners.all().forEach(Listener::reconsiderConnections);
                upstreams.reconsider();
            });
            bootstrap.listeners().forEach(listeners::addStatic);
            listeners.initializeWith(init);
            clusters.onGone(upstreams::forget);
            clusters.onGone(gone -> {
                if (clusters.get(gone.name()) == null) {
                    clusterContext.clusterRules().remove(gone.name());
                }
            });
            ConfigNode cdsSource = dynamic == null ? null : dynamic.message("cds_config");
            ConfigNode ldsSource = dynamic == null ? null : dynamic.message("lds_config");
            cds = cdsSource == null ? null : new Cds(clusters, cdsSource, sources, stats);
            lds = ldsSource == null ? null : new Lds(listeners, ldsSource, sources, stats);
            sinks = StatsSinks.from(
                    bootstrap.config().messages("stats_sinks"),
                    new StatsSinks.Environment(
                            mainLoop(),
                            stats,
                            statsConfig.tags(),
                            statsConfig.bounds(),
                            clusters,
                            upstreams,
                            services.get(AsyncGrpcClient.class),
                            out -> NodeIdentity.write(bootstrap.node(), out)));
            ConfigNode overloading = bootstrap.config().message("overload_manager");
            overloadManager =
                    overloading == null ? null : OverloadManager.from(overloading, overload, stats, this::watchFile);
            adminLog = ServerAdmin.accessLog(this);
            serverStats = new ServerStats(
                    stats,
                    options.concurrency(),
                    clusters.all().size(),
                    startNanos,
                    () -> STATES.indexOf(state()),
                    this::openConnections,
                    this::certificates);
            made = true;
        } finally {
            if (!made) {
                stopLoops();
            }
        }
    }

    private @Nullable LoadReporter loadReporter(AsyncGrpcClient grpc, EventLoop main) {
        ConfigNode manager = bootstrap.config().message("cluster_manager");
        ConfigNode api = manager == null ? null : manager.message("load_stats_config");
        if (api == null) {
            return null;
        }
        LoadStatsConfig config = LoadStatsConfig.from(api, name -> clusters.get(name) != null);
        return new LoadReporter(
                new GrpcTransport(grpc, config.service(), main),
                new LoopTimers(main),
                clusters::all,
                out -> NodeIdentity.write(bootstrap.node(), out),
                stats);
    }

    private List<EventLoop> allLoops() {
        List<EventLoop> all = new ArrayList<>(workers());
        all.add(mainLoop());
        return all;
    }

    private TracingDefaults tracing() {
        ConfigNode byDefault = bootstrap.config().message("tracing");
        return new TracingDefaults(
                byDefault == null ? null : byDefault.message("http"),
                new TracingConfig.Environment(
                        bootstrap.node().id(),
                        bootstrap.node().cluster(),
                        bootstrap.node().zone(),
                        stats,
                        runtime,
                        clusters,
                        services.get(AsyncHttpClient.class),
                        services.get(AsyncGrpcClient.class),
                        Version.line()));
    }

    private ConfigSources configSources() {
        return sources;
    }

    private void watch(Path directory, Runnable moved) {
        try {
            files.directory(directory, moved);
        } catch (IOException e) {
            throw new ConfigException("unable to watch the directory " + directory + ": " + e.getMessage());
        }
    }

    private void watchFile(Path file, Runnable moved) {
        try {
            files.file(file, moved);
        } catch (IOException e) {
            String why = Files.exists(file) ? e.getMessage() : "No such file or directory";
            throw new ConfigException("unable to add filesystem watch for file " + file + ": " + why);
        }
    }

    private List<EventLoop> workers() {
        List<EventLoop> workers = new ArrayList<>();
        for (EventExecutor e : workerGroup) {
            workers.add((EventLoop) e);
        }
        return workers;
    }

    private ResourceDecoder decoder() {
        DynamicFields unknown = new DynamicFields(
                options.rejectUnknownDynamicFields(),
                options.ignoreUnknownDynamicFields(),
                stats.counter("server.dynamic_unknown_fields"));
        return new ResourceDecoder(unknown, SupportTable.all());
    }

    /** Runs {@code action} on the main loop, unless the process ends. */
    private void onMainLoop(Runnable action) {
        EventLoop main = mainLoop();
        if (!main.isShuttingDown()) {
            main.execute(action);
        }
    }

    private ListenerConfig listenerConfig(
            ConfigNode node, Lifecycle life, Supplier<ChainLife> chains, @Nullable ListenerConfig before) {
        OwnedScope root = stats.owned("");
        life.onEnd(root::close);
        ListenerConfig.Contexts contexts = new ListenerConfig.Contexts() {
            @Override
            public NetworkFilterContext ofListener(ListenerConfig.Listening listening, ConfigNode listener) {
                return new Context(root, listening, listener, life, drain);
            }

            @Override
            public ChainLife newChain() {
                return chains.get();
            }

            @Override
            public NetworkFilterContext ofChain(
                    ListenerConfig.Listening listening, ConfigNode listener, ChainLife chain) {
                OwnedScope own = stats.owned("");
                chain.life().onEnd(own::close);
                return new Context(own, listening, listener, chain.life(), chain.drain());
            }
        };
        return ListenerConfig.from(node, root, contexts, before);
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
        mainLoop().execute(guarded(() -> clusters.start(mainLoop(), guarded(this::primaryClustersReady))));
        Signals.on("TERM", () -> signalled("SIGTERM"));
        Signals.on("INT", () -> signalled("SIGINT"));
        Signals.on("USR1", () -> {
            logFiles.reopen();
            Logging.reopen();
        });
        try {
            started.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** A step of the start, which ends in what it throws. */
    private Runnable guarded(Runnable step) {
        return () -> {
            try {
                step.run();
            } catch (RuntimeException e) {
                started.completeExceptionally(e);
            }
        };
    }

    private void primaryClustersReady() {
        carriers.start();
        runtime.startDiscovery(sources, stats, guarded(this::runtimeReady));
    }

    private void runtimeReady() {
        runtime.load();
        clusters.startSecondary(guarded(this::staticClustersReady));
    }

    private void staticClustersReady() {
        InitManager discovery = new InitManager("CDS");
        Cds c = cds;
        if (c != null) {
            discovery.add(c.target());
        }
        discovery.initialize(guarded(() -> clusters.whenWarm(guarded(this::clustersReady))));
    }

    private void clustersReady() {
        LOG.info("all clusters initialized. initializing init manager");
        Lds l = lds;
        if (l != null) {
            init.add(l.target());
        }
        init.initialize(guarded(this::startWorkers));
    }

    private void startWorkers() {
        if (ending) {
            return;
        }
        LOG.info("all dependencies initialized. starting workers");
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
        LOG.info("starting main dispatch loop");
        started.complete(null);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until the server has ended; the process's exit code. */
    public int awaitEnd() {
        await(over);
        return exitCode;
    }

    /** Waits for the end, but not for ever; whether the server has ended. */
    public boolean awaitEnd(long time, TimeUnit unit) {
        try {
            return over.await(time, unit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void signalled(String name) {
        if (ending) {
            LOG.warn("caught {} again, ending at once", name);
            end(0);
            return;
        }
        LOG.warn("caught {}", name);
        shutdown();
    }

    /** Drains and ends the server; returns at once. */
    public void shutdown() {
        synchronized (over) {
            if (ending) {
                return;
            }
            ending = true;
        }
        state = ServerState.DRAINING;
        started.complete(null); // a server that still waits for its dependencies is not to wait for them
        drain.draining(true);
        for (Listener l : listeners.all()) {
            l.close();
            l.drainConnections();
        }
        long seconds = Math.min(MAX_DRAIN_SECONDS, options.drainTimeSeconds());
        waitForConnections(System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
    }

    private void waitForConnections(long deadline) {
        if (openConnections() == 0 || System.nanoTime() - deadline >= 0) {
            mainLoop().execute(() -> end(0));
        } else {
            mainLoop().schedule(() -> waitForConnections(deadline), 10, TimeUnit.MILLISECONDS);
        }
    }

    private long openConnections() {
        long open = 0;
        for (Listener l : listeners.all()) {
            open += l.connections();
        }
        return open;
    }

    /**
     * {@code POST /drain_listeners}. Connections go on and are told to close; with {@code graceful} the listeners go on, too,
     * for the drain time, and with {@code skipExit} for ever.
     *
     * @param inboundOnly only listeners whose traffic_direction is INBOUND; connections of others aren't told to close
     */
    void drainListeners(boolean graceful, boolean skipExit, boolean inboundOnly) {
        if (!inboundOnly) {
            drain.draining(true);
        }
        if (!graceful) {
            mainLoop().execute(() -> listeners.stop(inboundOnly));
        } else if (!skipExit) {
            mainLoop().schedule(() -> listeners.stop(inboundOnly), options.drainTimeSeconds(), TimeUnit.SECONDS);
        }
    }

    /** Ends at once: open connections break, logs are written. */
    private void end(int code) {
        exitCode = code;
        over.countDown();
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
        sinks.forEach(StatsSink::close);
        LoadReporter reporter = loadReporter;
        if (reporter != null) {
            onMainLoop(reporter::close);
        }
        onMainLoop(carriers::close);
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
        workerGroup.shutdownGracefully(0, 500, TimeUnit.MILLISECONDS).awaitUninterruptibly(1000);
        mainGroup.shutdownGracefully(0, 500, TimeUnit.MILLISECONDS).awaitUninterruptibly(1000);
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
        return state == ServerState.LIVE && drain.failHealthChecks() ? ServerState.DRAINING : state;
    }

    /** When the server was made, by {@link System#nanoTime}. */
    public long startNanos() {
        return startNanos;
    }

    /** The loop of everything that is not a request: admin server, names, rules. */
    public EventLoop mainLoop() {
        return mainGroup.next();
    }

    /** A listener's context for its filters. */
    private final class Context implements NetworkFilterContext {
        private final Scope root;
        private final ListenerConfig.Listening listening;
        private final Lifecycle life;
        private final DrainState own;

        private final boolean outbound;

        Context(Scope root, ListenerConfig.Listening listening, ConfigNode node, Lifecycle life, DrainState own) {
            this.root = root;
            this.listening = listening;
            this.outbound = node.enumName("traffic_direction").equals("OUTBOUND");
            this.life = life;
            this.own = own;
        }

        @Override
        public boolean outbound() {
            return outbound;
        }

        @Override
        public Scope root() {
            return root;
        }

        @Override
        public Scope listenerScope() {
            return root.scope(listening.scopeName());
        }

        @Override
        public String listenerName() {
            return listening.name();
        }

        @Override
        public int bufferLimit() {
            return listening.bufferLimit();
        }

        @Override
        public Supplier<RuntimeSnapshot> runtime() {
            return runtime;
        }

        @Override
        public String nodeId() {
            return bootstrap.node().id();
        }

        @Override
        public String nodeCluster() {
            return bootstrap.node().cluster();
        }

        @Override
        public long randomSeed() {
            return seed;
        }

        @Override
        public <T> T service(Class<T> type) {
            if (type == DrainState.class) {
                return type.cast(own);
            }
            return type == Lifecycle.class ? type.cast(life) : services.get(type);
        }
    }
}
