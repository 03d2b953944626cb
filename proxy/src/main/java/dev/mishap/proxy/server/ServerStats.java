package dev.mishap.proxy.server;

import dev.mishap.proxy.observe.sink.StatsSink;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsSnapshot;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.transport.CertificateInfo;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The stats of the process, {@code server.*} and the like, and the flush of the store every {@code stats_flush_interval}:
 * that is when histograms are folded and what is only sampled is read.
 */
final class ServerStats {
    private static final Path STATM = Path.of("/proc/self/statm");
    private static final int PAGE = 4096;
    private static final long NEVER = 0xffff_ffffL;

    private volatile boolean started;
    private final StatsStore store;
    private final long startNanos;
    private final IntSupplier state;
    private final LongSupplier connections;
    private final Supplier<@Nullable CertificateInfo> certificates;
    private final Gauge daysToExpiry;
    private final Gauge uptime;
    private final Gauge live;
    private final Gauge stateGauge;
    private final Gauge allocated;
    private final Gauge heap;
    private final Gauge physical;
    private final Gauge totalConnections;
    private final Histogram initialization;

    /**
     * @param version what {@code server.version} shows
     * @param startNanos when the process started, by {@link System#nanoTime}
     * @param state 0 = live, 1 = draining, 2 = pre-initializing, 3 = initializing, as Envoy counts them
     * @param connections downstream connections that are open
     */
    ServerStats(
            StatsStore store,
            int workers,
            int clusters,
            long version,
            long startNanos,
            IntSupplier state,
            LongSupplier connections,
            Supplier<@Nullable CertificateInfo> certificates) {
        this.certificates = certificates;
        this.store = store;
        this.startNanos = startNanos;
        this.state = state;
        this.connections = connections;
        Scope server = store.scope("server.");
        // those whose cause can't happen here stand at 0, so that dashboards find them
        for (String name : List.of(
                "debug_assertion_failures",
                "dropped_stat_flushes",
                "dynamic_unknown_fields",
                "envoy_bug_failures",
                "envoy_notifications",
                "static_unknown_fields",
                "wip_protos")) {
            server.counter(name);
        }
        for (String name : List.of(
                "compilation_settings.fips_mode",
                "hot_restart_epoch",
                "parent_connections",
                "seconds_until_first_ocsp_response_expiring",
                "stats_recent_lookups")) {
            server.gauge(name).set(0);
        }
        server.gauge("version").set(version);
        processStats(store, workers, clusters);
        watchdog(store.scope("main_thread."));
        watchdog(store.scope("workers."));
        watchdog(server.scope("main_thread."));
        for (int i = 0; i < workers; i++) {
            watchdog(server.scope("worker_" + i + "."));
        }
        server.gauge("concurrency").set(workers);
        daysToExpiry = server.gauge("days_until_first_cert_expiring");
        daysToExpiry.set(NEVER);
        uptime = server.gauge("uptime");
        live = server.gauge("live");
        stateGauge = server.gauge("state");
        allocated = server.gauge("memory_allocated");
        heap = server.gauge("memory_heap_size");
        physical = server.gauge("memory_physical_size");
        totalConnections = server.gauge("total_connections");
        initialization = server.histogram("initialization_time_ms", Histogram.Unit.MILLISECONDS);
        sample();
    }

    // what Envoy shows of parts that a static configuration has or that can't act here
    private static void processStats(StatsStore store, int workers, int clusters) {
        Scope threads = store.scope("thread_local_cluster_manager.");
        threads.gauge("main_thread.clusters_inflated").set(clusters);
        for (int i = 0; i < workers; i++) {
            threads.gauge("worker_" + i + ".clusters_inflated").set(clusters);
        }
        for (String name : List.of(
                "no_cluster",
                "no_route",
                "passthrough_internal_redirect_bad_location",
                "passthrough_internal_redirect_no_route",
                "passthrough_internal_redirect_predicate",
                "passthrough_internal_redirect_too_many_redirects",
                "passthrough_internal_redirect_unsafe_scheme",
                "rq_direct_response",
                "rq_overload_local_reply",
                "rq_redirect",
                "rq_reset_after_downstream_response_started",
                "rq_total")) {
            store.counter("http.async-client." + name);
        }
        store.counter("envoy.overload_actions.reset_high_memory_stream.count");
        store.histogram("overload.refresh_interval_delay", Histogram.Unit.MILLISECONDS);
    }

    private static void watchdog(Scope scope) {
        scope.counter("watchdog_miss");
        scope.counter("watchdog_mega_miss");
    }

    /** Begins to flush on {@code loop}; {@code intervalNanos} = 0 leaves histograms to the admin server's requests. */
    void start(EventLoop loop, long intervalNanos, List<StatsSink> sinks) {
        started = true;
        initialization.record(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
        sample();
        long every = intervalNanos == 0 ? TimeUnit.SECONDS.toNanos(5) : intervalNanos;
        loop.scheduleAtFixedRate(
                () -> {
                    sample();
                    if (intervalNanos != 0) {
                        store.flush();
                        flush(sinks);
                    }
                },
                every,
                every,
                TimeUnit.NANOSECONDS);
    }

    /** Gives {@code sinks} what was counted since the last time, and waits until they have it: the process ends. */
    void end(EventLoop loop, List<StatsSink> sinks) {
        if (started && !sinks.isEmpty() && !loop.isShuttingDown()) {
            loop.submit(() -> {
                        sample();
                        store.flush();
                        flush(sinks);
                    })
                    .awaitUninterruptibly(1, TimeUnit.SECONDS);
        }
    }

    private void flush(List<StatsSink> sinks) {
        if (sinks.isEmpty()) {
            return;
        }
        StatsSnapshot snapshot = store.snapshot();
        for (StatsSink sink : sinks) {
            sink.flush(snapshot);
        }
    }

    private void sample() {
        Runtime jvm = Runtime.getRuntime();
        uptime.set(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos));
        int now = state.getAsInt();
        live.set(now == 0 ? 1 : 0);
        stateGauge.set(now);
        allocated.set(jvm.totalMemory() - jvm.freeMemory());
        heap.set(jvm.totalMemory());
        physical.set(physicalBytes());
        CertificateInfo info = certificates.get();
        Long days = info == null ? null : info.daysUntilFirstExpires();
        daysToExpiry.set(days == null ? NEVER : days);
        totalConnections.set(connections.getAsLong());
    }

    /** Resident bytes of the process, 0 where the system doesn't tell. */
    static long physicalBytes() {
        try {
            String[] fields = Files.readString(STATM, StandardCharsets.US_ASCII).split(" ");
            return Long.parseLong(fields[1]) * PAGE;
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }
}
