package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.cluster.CircuitBreakerConfig;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ClusterContext;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.EndpointGroup;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.OutlierView;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks the endpoints of one cluster. Confined to the main loop.
 *
 * <p>The checks have connections of their own: those of a cluster beside, which has the same options, whose stats nobody sees and
 * whose endpoints are where the checks go.
 */
final class HealthChecker {
    private final HealthCheckConfig config;
    private final Cluster cluster;
    private final LongSupplier random;
    private final HealthStats stats;
    private final HealthLog log;
    private final EventLoop loop;
    private final Cluster beside;
    private final ClusterPools pools;
    private final Map<Endpoint, Session> sessions = new LinkedHashMap<>();
    private @Nullable Runnable initialized;
    private int unchecked;
    private boolean stopped;
    private final boolean excludesNew;

    /**
     * @param random draws of 0 or more
     * @param initialized run once, when each endpoint was checked once
     */
    HealthChecker(HealthCheckConfig config, Cluster cluster, LongSupplier random, Runnable initialized) {
        EventLoop on = cluster.context().loop();
        if (on == null) {
            throw new IllegalStateException("health checks need a loop");
        }
        this.config = config;
        this.cluster = cluster;
        this.random = random;
        this.initialized = initialized;
        this.loop = on;
        this.excludesNew = cluster.config().common().ignoreNewHosts()
                && cluster.config().discovery().changes();
        stats = new HealthStats(cluster.stats().scope.scope("health_check."));
        List<Consumer<String>> sinks = new ArrayList<>();
        config.eventLogs().forEach(path -> sinks.add(cluster.context().eventLog(path)));
        log = new HealthLog(config.kind(), cluster.name(), sinks);
        beside = beside(config, cluster, on);
        pools = new Upstreams(0).on(on).pools(beside);
    }

    private static Cluster beside(HealthCheckConfig config, Cluster of, EventLoop loop) {
        UpstreamHttpConfig http = of.config().http();
        UpstreamHttpConfig own = new UpstreamHttpConfig(
                http.idleTimeoutNanos(),
                0,
                0,
                config.reuse() ? 0 : 1,
                http.maxHeaders(),
                http.maxHeaderBytes(),
                http.http1(),
                config.http2() ? UpstreamHttpConfig.Protocol.HTTP2 : UpstreamHttpConfig.Protocol.HTTP1,
                http.http2());
        StatsStore unseen = new StatsStore();
        return of.beside(
                ClusterConfig.builder(
                                of.name(), c -> NoSource.INSTANCE, of.config().lb())
                        .connect(of.config().connect().withAlpn(config.alpn()))
                        .http(own)
                        .limits(CircuitBreakerConfig.DEFAULT, CircuitBreakerConfig.DEFAULT)
                        .build(),
                new ClusterContext() {
                    @Override
                    public Scope root() {
                        return unseen;
                    }

                    @Override
                    public EventLoop loop() {
                        return loop;
                    }
                });
    }

    private enum NoSource implements EndpointSource {
        INSTANCE;

        @Override
        public void start(Runnable initialized) {
            initialized.run();
        }

        @Override
        public void stop() {}
    }

    // ---- who is checked ----

    void start() {
        List<Endpoint> all = cluster.members().all();
        all.forEach(this::add);
        cluster.onMembers(change -> {
            change.removed().forEach(this::remove);
            change.added().forEach(this::add);
            tellPools();
            List.copyOf(sessions.values()).forEach(Session::begin);
        });
        tellPools();
        cluster.healthChanged();
        unchecked = sessions.size();
        if (unchecked == 0) {
            ready();
        }
        List.copyOf(sessions.values()).forEach(Session::begin);
    }

    void stop() {
        stopped = true;
        initialized = null;
        sessions.values().forEach(Session::end);
        sessions.clear();
        tellPools();
    }

    private void add(Endpoint e) {
        if (!stopped && !e.config().healthCheck().disabled()) {
            sessions.put(e, new Session(e));
        }
    }

    private void remove(Endpoint e) {
        Session s = sessions.remove(e);
        if (s != null) {
            s.end();
            s.state.gone();
            s.countChecked();
        }
    }

    /** Connections to endpoints that are gone are closed. */
    private void tellPools() {
        List<Endpoint> asked = new ArrayList<>();
        sessions.values().forEach(s -> asked.add(s.asked));
        beside.update(List.of(new EndpointGroup(Locality.NONE, 0, 0, asked)), LoadAssignment.Policy.DEFAULT);
    }

    private void ready() {
        Runnable r = initialized;
        initialized = null;
        if (r != null) {
            r.run();
        }
    }

    private Endpoint asked(Endpoint e) {
        EndpointConfig.HealthCheckAddress elsewhere = e.config().healthCheck();
        int port = elsewhere.port() != 0 ? elsewhere.port() : config.altPort();
        SocketAddress at = e.address();
        if (at instanceof InetSocketAddress ip
                && (port != 0 || !elsewhere.address().isEmpty())) {
            InetAddress address = elsewhere.address().isEmpty()
                    ? ip.getAddress()
                    : io.netty.util.NetUtil.createInetAddressFromIpAddressString(elsewhere.address());
            at = new InetSocketAddress(address == null ? ip.getAddress() : address, port == 0 ? ip.getPort() : port);
        }
        return new Endpoint(at, e.hostname(), config.asked(e.config()));
    }

    private Probe probe(Endpoint e, Endpoint asked) {
        HttpCheck http = config.http();
        GrpcCheck grpc = config.grpc();
        if (http != null) {
            return new HttpProbe(pools, asked, http.exchange(cluster, e, stats));
        }
        if (grpc != null) {
            return new HttpProbe(pools, asked, grpc.exchange(cluster, e));
        }
        HealthCheckConfig.TcpCheck tcp = config.tcp();
        return new TcpProbe(
                pools,
                asked,
                tcp == null ? new byte[0] : tcp.send(),
                tcp == null ? List.of() : tcp.receive(),
                config.reuse());
    }

    /** One endpoint and its next check. */
    private final class Session implements Probe.Results {
        private final Endpoint endpoint;
        final Endpoint asked;
        final HealthState state;
        private final Probe probe;
        private @Nullable Future<?> interval;
        private @Nullable Future<?> timeout;
        private boolean begun;
        private boolean over;
        private boolean counted;

        Session(Endpoint endpoint) {
            this.endpoint = endpoint;
            this.asked = asked(endpoint);
            this.state = new HealthState(endpoint, config, stats, log, excludesNew);
            this.probe = probe(endpoint, asked);
            endpoint.immediateFailure(() -> loop.execute(this::failAtOnce));
        }

        void begin() {
            if (begun) {
                return;
            }
            begun = true;
            long jitter = TimeUnit.NANOSECONDS.toMillis(config.timing().initialJitterNanos());
            if (jitter > 0) {
                next(TimeUnit.MILLISECONDS.toNanos(random.getAsLong() % jitter));
            } else {
                check();
            }
        }

        private void next(long nanos) {
            interval = loop.schedule(this::check, nanos, TimeUnit.NANOSECONDS);
        }

        private void check() {
            if (over) {
                return;
            }
            stats.attempt.inc();
            timeout = loop.schedule(this::tooLate, config.timing().timeoutNanos(), TimeUnit.NANOSECONDS);
            probe.start(this);
        }

        private void tooLate() {
            if (!over) {
                probe.cancel();
                failed(Failure.NETWORK_TIMEOUT, false, 0);
            }
        }

        /** A response to an ordinary request said so; the checks go on as planned. */
        private void failAtOnce() {
            if (over || endpoint.has(HealthFlag.FAILED_ACTIVE_HC)) {
                return;
            }
            endpoint.set(HealthFlag.EXCLUDED_VIA_IMMEDIATE_HC_FAIL, true);
            Transition change = state.failed(Failure.PASSIVE, false, 0);
            if (change == Transition.CHANGED) {
                cluster.healthChanged();
            }
        }

        @Override
        public void passed(boolean degraded) {
            Transition change = state.passed(degraded);
            if (change == Transition.CHANGED) {
                endpoint.healthySinceNanos(loop.ticker().nanoTime());
            }
            OutlierView outliers = cluster.outlierView();
            if (outliers != null) {
                outliers.healthCheckPassed(endpoint);
            }
            done(true, change);
        }

        @Override
        public void failed(Failure why, boolean retriable, int status) {
            if (!over) {
                done(false, state.failed(why, retriable, status));
            }
        }

        private void done(boolean healthy, Transition change) {
            if (timeout != null) {
                timeout.cancel(false);
            }
            if (change == Transition.CHANGED) {
                cluster.healthChanged();
            }
            countChecked();
            if (!over) {
                boolean traffic = cluster.stats().cxTotal.value() > 0;
                next(config.timing()
                        .next(healthy, change, traffic, cluster.context().runtime(), random));
            }
        }

        /** The cluster is ready when all that were there at first have been checked, or have left. */
        void countChecked() {
            if (!counted && unchecked > 0) {
                counted = true;
                if (--unchecked == 0) {
                    ready();
                }
            }
        }

        void end() {
            over = true;
            endpoint.immediateFailure(null);
            if (interval != null) {
                interval.cancel(false);
            }
            if (timeout != null) {
                timeout.cancel(false);
            }
            probe.cancel();
        }
    }
}
