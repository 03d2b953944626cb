package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointMonitor;
import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.upstream.ByteUpstream;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.Upstreams;
import dev.mishap.proxy.xds.OnDemandNames;
import dev.mishap.rules.XxHash64;
import io.netty.channel.Channel;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way to an upstream connection: which cluster, which endpoint, and what when that can't be reached. Confined to the loop of the downstream
 * connection.
 */
final class ConnectAttempts implements PickContext {
    /** Why there is no upstream connection; Envoy logs the ordinal. */
    enum Failure {
        CONNECT_FAILED,
        NO_HEALTHY_UPSTREAM,
        RESOURCE_LIMIT_EXCEEDED,
        NO_ROUTE
    }

    private final TcpProxyConfig config;
    private final Channel downstream;
    private final ConnectionInfo connection;
    private final StreamInfo info;
    private final TcpProxy owner;

    private @Nullable ClusterPools pools;
    private @Nullable MetadataMatch match;
    private @Nullable String hashed;
    private int attempts;
    private @Nullable ScheduledFuture<?> retryTimer;
    private OnDemandNames.@Nullable Waiter waiting;

    ConnectAttempts(
            TcpProxyConfig config, Channel downstream, ConnectionInfo connection, StreamInfo info, TcpProxy owner) {
        this.config = config;
        this.downstream = downstream;
        this.connection = connection;
        this.info = info;
        this.owner = owner;
    }

    /** Chooses the cluster, and tries to connect. */
    void start() {
        Upstreams.OnLoop loop = config.upstreams().on(downstream.eventLoop());
        Object named = config.clusters().replaceable() ? connection.filterState("envoy.tcp_proxy.cluster") : null;
        ClusterChoice.Part part = config.clusters().choose(loop.random());
        String name = named == null ? part.cluster() : named.toString();
        match = part.match();
        hashed = config.hash().text(connection);
        Cluster cluster = config.manager().get(name);
        if (cluster == null) {
            discover(name, loop);
        } else {
            to(cluster, loop);
        }
    }

    /** The cluster is not there: it may come when it is asked for. */
    private void discover(String name, Upstreams.OnLoop loop) {
        OnDemand onDemand = config.onDemand();
        if (onDemand == null || !onDemand.takes(name)) {
            noRoute();
            return;
        }
        long since = System.nanoTime();
        waiting = onDemand.want(name, downstream.eventLoop(), () -> {
            waiting = null;
            Cluster came = config.manager().get(name);
            onDemand.came(came != null, System.nanoTime() - since);
            if (came == null) {
                noRoute();
            } else {
                to(came, loop);
            }
        });
    }

    private void noRoute() {
        config.stats().noRoute.inc();
        info.addFlag(ResponseFlag.NO_CLUSTER_FOUND);
        owner.fail(Failure.NO_ROUTE);
    }

    private void to(Cluster cluster, Upstreams.OnLoop loop) {
        info.upstreamCluster = cluster.config().statName();
        info.upstreamClusterRaw = cluster.name();
        info.clusterMetadata = cluster.config().metadata();
        pools = loop.pools(cluster);
        connect();
    }

    /** Tries to connect, as often as the configuration lets it. */
    private void connect() {
        ClusterPools p = pools;
        if (owner.isOver() || p == null) {
            return;
        }
        retryTimer = null;
        Cluster cluster = p.cluster();
        while (!owner.isOver()) {
            if (!cluster.limits(RequestPriority.DEFAULT).connections.canCreate()) {
                cluster.stats().cxOverflow.inc();
                info.addFlag(ResponseFlag.UPSTREAM_OVERFLOW);
                owner.fail(Failure.RESOURCE_LIMIT_EXCEEDED);
                return;
            }
            if (attempts >= config.maxConnectAttempts()) {
                info.addFlag(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED);
                cluster.stats()
                        .scope
                        .counter("upstream_cx_connect_attempts_exceeded")
                        .inc();
                owner.fail(Failure.CONNECT_FAILED);
                return;
            }
            Endpoint endpoint = p.pick(this);
            if (endpoint == null) {
                cluster.stats().cxNoneHealthy.inc();
                info.addFlag(ResponseFlag.NO_HEALTHY_UPSTREAM);
                owner.fail(Failure.NO_HEALTHY_UPSTREAM);
                return;
            }
            attempts++;
            info.upstreamRequestAttemptCount = attempts;
            if (owner.connect(upstream(p, endpoint))) {
                info.upstreamHost = endpoint.address();
                info.upstreamHostName = endpoint.hostname();
                info.upstreamHostMetadata = endpoint.metadata();
                return;
            }
            // A circuit breaker is a failed try like others, which is what Envoy makes of it.
        }
    }

    /** An attempt has failed: the next one is soon, or there is none. */
    void failed(Endpoint endpoint, ResetReason reason, @Nullable String transportFailure) {
        endpoint.monitor()
                .result(
                        reason == ResetReason.CONNECTION_TIMEOUT
                                ? EndpointMonitor.Result.TIMEOUT
                                : EndpointMonitor.Result.CONNECT_FAILED,
                        0);
        info.upstreamTransportFailureReason = transportFailure;
        info.addFlag(ResponseFlag.UPSTREAM_CONNECTION_FAILURE);
        long base = config.backOffNanos();
        if (base > 0 && attempts < config.maxConnectAttempts()) {
            ClusterPools p = pools;
            assert p != null;
            // Jittered, as Envoy does: any time up to the base, which doubles with each try.
            long bound = Math.min(config.maxBackOffNanos(), base << Math.min(attempts - 1, 20));
            long wait = Long.remainderUnsigned(
                    config.upstreams().on(downstream.eventLoop()).random(), Math.max(1, bound));
            retryTimer = downstream.eventLoop().schedule(this::connect, wait, TimeUnit.NANOSECONDS);
        } else {
            // Not from here: the failed connection is still being taken down.
            downstream.eventLoop().execute(this::connect);
        }
    }

    private ByteUpstream upstream(ClusterPools p, Endpoint endpoint) {
        Tunneling tunneling = config.tunneling();
        boolean disabled =
                tunneling != null && "true".equals(String.valueOf(connection.filterState(Tunneling.DISABLE)));
        return tunneling == null || disabled
                ? p.tcp(endpoint, connection, owner)
                : new HttpTunnel(tunneling, p, endpoint, connection, info, downstream.eventLoop(), owner);
    }

    /** Tries no more. */
    void close() {
        ScheduledFuture<?> timer = retryTimer;
        if (timer != null) {
            timer.cancel(false);
        }
        OnDemandNames.Waiter waiter = waiting;
        if (waiter != null) {
            waiter.cancel();
        }
    }

    // ---- what the choice of an endpoint goes by ----

    @Override
    public @Nullable InetSocketAddress originalDestination() {
        return connection.localAddressRestored ? connection.localAddress : null;
    }

    @Override
    public @Nullable Map<String, Object> connectionMetadata(String namespace) {
        return connection.dynamicMetadata(namespace);
    }

    @Override
    public boolean hasHash() {
        return hashed != null;
    }

    @Override
    public long hash() {
        return XxHash64.ofText(String.valueOf(hashed));
    }

    @Override
    public @Nullable MetadataMatch metadataMatch() {
        return match;
    }
}
