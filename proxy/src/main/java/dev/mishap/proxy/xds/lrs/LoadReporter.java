package dev.mishap.proxy.xds.lrs;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.grpc.XdsTimers;
import dev.mishap.proxy.xds.grpc.XdsTransport;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports load ({@code envoy.service.load_stats.v3.LoadReportingService}): says who this process is, and once the server has
 * said which clusters it wants and how often, sends what grew since the report before. A stream that broke is opened again
 * after a while; what happens meanwhile is in no report, as in Envoy. Confined to the main loop.
 */
public final class LoadReporter {
    static final String METHOD = "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats";

    private static final Logger LOG = LoggerFactory.getLogger("upstream");
    private static final long BACKOFF_BASE_NANOS = 500_000_000L;
    private static final long BACKOFF_MAX_NANOS = 30_000_000_000L;
    /** A server that asks for more would cost more than what it reports on. */
    private static final long MIN_INTERVAL_NANOS = 10_000_000L;

    private final XdsTransport server;
    private final XdsTimers timers;
    private final Supplier<Collection<Cluster>> clusters;
    private final Consumer<ProtoWriter> node;
    private final Counter requests;
    private final Counter responses;
    private final Counter errors;
    private final Counter retries;
    private final Map<String, ClusterLoad> reported = new HashMap<>();
    private LoadStatsResponse wanted = LoadStatsResponse.NOTHING;
    private XdsTransport.@Nullable Stream stream;
    private XdsTimers.@Nullable Timer timer;
    private int generation;
    private int failures;
    private boolean closed;

    /**
     * A reporter that is to be started.
     *
     * @param clusters that serve
     * @param node writes the fields of {@code envoy.config.core.v3.Node}
     * @param root stats are {@code load_reporter.*}
     */
    public LoadReporter(
            XdsTransport server,
            XdsTimers timers,
            Supplier<Collection<Cluster>> clusters,
            Consumer<ProtoWriter> node,
            Scope root) {
        this.server = server;
        this.timers = timers;
        this.clusters = clusters;
        this.node = node;
        Scope scope = root.scope("load_reporter.");
        requests = scope.counter("requests");
        responses = scope.counter("responses");
        errors = scope.counter("errors");
        retries = scope.counter("retries");
    }

    /** Opens the stream. */
    public void start() {
        timer = null;
        if (closed) {
            return;
        }
        int mine = ++generation;
        XdsTransport.Stream opened = server.open(METHOD, new XdsTransport.Listener() {
            @Override
            public void onMessage(byte[] message) {
                if (mine == generation) {
                    received(message);
                }
            }

            @Override
            public void onClose(int code, String message) {
                if (mine == generation) {
                    failed(code + ", " + message);
                }
            }
        });
        if (opened == null || mine != generation) {
            return;
        }
        stream = opened;
        reported.clear();
        wanted = LoadStatsResponse.NOTHING;
        send(opened, new ProtoWriter(256));
    }

    private void failed(String why) {
        LOG.warn("load reporter: stream to {} ended: {}", server.name(), why);
        generation++;
        stream = null;
        errors.inc();
        long window = Math.min(BACKOFF_MAX_NANOS, BACKOFF_BASE_NANOS << Math.min(failures, 10));
        failures++;
        after(timers.random(window) + 1, () -> {
            retries.inc();
            start();
        });
    }

    private void after(long nanos, Runnable action) {
        XdsTimers.Timer before = timer;
        if (before != null) {
            before.cancel();
        }
        timer = timers.schedule(action, nanos);
    }

    private void received(byte[] message) {
        LoadStatsResponse response;
        try {
            response = LoadStatsResponse.read(message);
        } catch (ConfigException e) {
            XdsTransport.Stream s = stream;
            if (s != null) {
                s.reset();
            }
            failed("unreadable response: " + e.getMessage());
            return;
        }
        requests.inc();
        failures = 0;
        wanted = response;
        // What is wanted from now on begins to count now; what was wanted before goes on.
        reported.keySet().removeIf(name -> !response.wants(name));
        track();
        schedule();
    }

    private void schedule() {
        if (wanted.intervalNanos() > 0) {
            after(Math.max(MIN_INTERVAL_NANOS, wanted.intervalNanos()), this::report);
        }
    }

    private void track() {
        for (Cluster c : clusters.get()) {
            if (wanted.wants(c.name())) {
                reported.computeIfAbsent(c.name(), name -> new ClusterLoad(c, timers.nanoTime()));
            }
        }
    }

    private void report() {
        timer = null;
        XdsTransport.Stream s = stream;
        if (s == null) {
            return;
        }
        Map<String, Cluster> serving = new HashMap<>();
        clusters.get().forEach(c -> serving.put(c.name(), c));
        reported.keySet().retainAll(serving.keySet());
        long now = timers.nanoTime();
        ProtoWriter message = new ProtoWriter(1024);
        reported.forEach((name, load) -> {
            Cluster c = serving.get(name);
            if (c != null) {
                int begun = message.begin(2);
                load.write(c, now, wanted.endpoints(), message);
                message.end(begun);
            }
        });
        track(); // clusters that are new since
        send(s, message);
        schedule();
    }

    private void send(XdsTransport.Stream s, ProtoWriter stats) {
        ProtoWriter request = new ProtoWriter(stats.size() + 1024);
        int self = request.begin(1);
        node.accept(request);
        request.end(self);
        request.append(stats.array(), 0, stats.size());
        responses.inc(); // Envoy counts from the server's point of view, which asks for reports
        s.send(request);
    }

    /** Ends the stream. */
    public void close() {
        closed = true;
        generation++;
        XdsTransport.Stream s = stream;
        stream = null;
        if (s != null) {
            s.reset();
        }
        XdsTimers.Timer t = timer;
        if (t != null) {
            t.cancel();
        }
    }
}
