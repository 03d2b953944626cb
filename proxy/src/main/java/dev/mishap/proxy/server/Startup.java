package dev.mishap.proxy.server;

import dev.mishap.proxy.cluster.Cds;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.listener.Lds;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.runtime.RuntimeLoader;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitManager;
import io.netty.channel.EventLoop;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start, in Envoy's order: the bootstrap's clusters, runtime layers that are fetched, the other clusters, listeners and what they wait
 * for, the workers. Each step begins on the main loop when the one before has all that it needs.
 */
final class Startup {
    private static final Logger LOG = LoggerFactory.getLogger("main");

    private final EventLoop main;
    private final StatsStore stats;
    private final RuntimeLoader runtime;
    private final ClusterManager clusters;
    private final DynamicSources carriers;
    private final ConfigSources sources;
    private final @Nullable Cds cds;
    private final @Nullable Lds lds;
    private final InitManager init;
    private final Runnable workers;
    /** Done when the workers are started, or will never be; failed when they can't be. */
    private final CompletableFuture<Void> started = new CompletableFuture<>();

    private volatile boolean abandoned;

    /**
     * @param init what the listeners wait for
     * @param workers the last step
     */
    Startup(
            EventLoop main,
            StatsStore stats,
            RuntimeLoader runtime,
            ClusterManager clusters,
            DynamicSources carriers,
            ConfigSources sources,
            @Nullable Cds cds,
            @Nullable Lds lds,
            InitManager init,
            Runnable workers) {
        this.main = main;
        this.stats = stats;
        this.runtime = runtime;
        this.clusters = clusters;
        this.carriers = carriers;
        this.sources = sources;
        this.cds = cds;
        this.lds = lds;
        this.init = init;
        this.workers = workers;
    }

    /** Begins; returns at once. */
    void begin() {
        main.execute(guarded(() -> clusters.start(main, guarded(this::primaryClustersReady))));
    }

    /** Waits until the workers are started, or the start was abandoned; throws what made a step fail. */
    void await() {
        try {
            started.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** The process ends: what the start still waits for is not waited for any more. */
    void abandon() {
        abandoned = true;
        started.complete(null);
    }

    /** A step, which ends the start by what it throws. */
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
        runtime.startDiscovery(guarded(this::runtimeReady));
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
        init.initialize(guarded(this::listenersReady));
    }

    private void listenersReady() {
        if (abandoned) {
            return;
        }
        LOG.info("all dependencies initialized. starting workers");
        workers.run();
        LOG.info("starting main dispatch loop");
        started.complete(null);
    }
}
