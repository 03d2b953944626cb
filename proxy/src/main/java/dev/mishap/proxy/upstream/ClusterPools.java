package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.cluster.UpstreamHttpConfig.Protocol;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.OriginalSource;
import dev.mishap.proxy.transport.ProxiedConnection;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The load balancer and the connections of one cluster on one loop. Confined to it. */
public final class ClusterPools {
    private static final int PROTOCOLS = Protocol.values().length;

    private final Cluster cluster;
    private final LoadBalancer balancer;
    private final Connector connector;
    private final Map<Endpoint, @Nullable ConnectionPool[]> pools = new IdentityHashMap<>();
    /** Those that are for requests of one host, or of one client's connection. */
    private final Map<Endpoint, KeyedPools> keyed = new IdentityHashMap<>();
    /** Those of endpoints that are gone, while somebody waits in them or uses a connection. */
    private final List<ConnectionPool> leaving = new ArrayList<>();

    private final Function<Cluster, ClusterPools> others;
    private EndpointSet known;

    /** @param others the pools of other clusters on this loop: an aggregate cluster picks endpoints of those it is made of */
    ClusterPools(
            Cluster cluster,
            EventLoop loop,
            LongSupplier random,
            Function<Cluster, ClusterPools> others,
            OpenLinks links) {
        this.others = others;
        this.cluster = cluster;
        this.balancer = cluster.config().lb().balancer(cluster, random);
        this.connector = new Connector(loop, cluster, links);
        this.known = cluster.endpoints();
    }

    public Cluster cluster() {
        return cluster;
    }

    /** Picks an endpoint, or null when there is none. */
    public @Nullable Endpoint pick(PickContext context) {
        EndpointSet now = cluster.endpoints();
        if (now != known) {
            refresh();
        }
        String wanted = context.overrideHost();
        if (wanted != null) {
            Endpoint named = now.at(wanted);
            if (named != null
                    && cluster.config().common().overrideHealth().statuses().contains(named.status())) {
                return named;
            }
            if (context.overrideIsStrict()) {
                return null;
            }
        }
        return balancer.pick(now, context);
    }

    /** Picks an endpoint for a request that nothing is known of. */
    public @Nullable Endpoint pick() {
        return pick(PickContext.NONE);
    }

    /** Picks an endpoint that is none of {@code avoid}; after {@code attempts} picks it takes what it got. */
    public @Nullable Endpoint pick(List<Endpoint> avoid, int attempts) {
        return pick(new PickContext() {
            @Override
            public boolean rejects(Endpoint picked) {
                return avoid.contains(picked);
            }

            @Override
            public int retries() {
                return attempts - 1;
            }
        });
    }

    /** Asks for a connection to {@code endpoint}; the listener may be told before this returns. */
    public void acquire(Endpoint endpoint, RequestPriority priority, UpstreamListener listener) {
        ConnectionPool pool = owner(endpoint).own(endpoint, priority, listener);
        if (pool.admit()) {
            pool.acquire(listener);
        } else {
            listener.onPoolFailure(ResetReason.NO_CONNECTION_POOL, null);
        }
    }

    private ConnectionPool own(Endpoint endpoint, RequestPriority priority, UpstreamListener listener) {
        String serverName = serverName(listener);
        ProxiedConnection proxied = proxied(endpoint, listener);
        return pool(endpoint, priority, speaks(listener), serverName, proxied, origin(listener), client(listener));
    }

    /** Where connections for the listener's request come from, when that is its client's address; else null. */
    private static @Nullable OriginalSource origin(UpstreamListener listener) {
        ConnectionInfo downstream = listener.downstreamConnection();
        return downstream == null ? null : downstream.upstreamSource;
    }

    private ClusterPools owner(Endpoint endpoint) {
        Cluster of = endpoint.cluster();
        return of == null || of == cluster ? this : others.apply(of);
    }

    /**
     * Makes a connection of its own to {@code endpoint}, for bytes; {@link TcpUpstream#start} opens it.
     *
     * @param downstream the connection whose bytes it carries, of which a PROXY header tells; null when there is none
     */
    public TcpUpstream tcp(Endpoint endpoint, @Nullable ConnectionInfo downstream, TcpListener listener) {
        ClusterPools owner = owner(endpoint);
        OriginalSource origin = downstream == null ? null : downstream.upstreamSource;
        Connector to = origin == null ? owner.connector : owner.connector.madeFor(null, false, null, origin);
        return new TcpUpstream(owner.cluster, endpoint, to, downstream, listener);
    }

    /** Asks for a TCP connection to {@code endpoint} that is used like a request; to give it up early, reset it. */
    public TcpTunnel acquireTcp(Endpoint endpoint, UpstreamListener listener) {
        TcpTunnel tunnel = new TcpTunnel(this, endpoint, listener);
        tunnel.start();
        return tunnel;
    }

    /** Takes a request back that waits for its connection. */
    public void cancel(Endpoint endpoint, RequestPriority priority, UpstreamListener listener) {
        ClusterPools owner = owner(endpoint);
        if (owner != this) {
            owner.cancel(endpoint, priority, listener);
            return;
        }
        @Nullable ConnectionPool @Nullable [] all = pools(endpoint, key(endpoint, listener));
        ConnectionPool pool = all == null ? null : all[index(priority, speaks(listener))];
        if (pool != null && pool.cancel(listener)) {
            return;
        }
        for (ConnectionPool each : leaving) {
            if (each.cancel(listener)) {
                return;
            }
        }
    }

    private @Nullable String serverName(UpstreamListener listener) {
        UpstreamHttpConfig.AutoSni auto = cluster.config().http().autoSni();
        return auto == null ? null : listener.serverName(auto);
    }

    /** What the connection's PROXY header is to tell, where it has one and there is a client; else null. */
    private @Nullable ProxiedConnection proxied(Endpoint endpoint, UpstreamListener listener) {
        UpstreamTransport transport = cluster.transport(endpoint);
        ConnectionInfo downstream =
                transport != null && transport.tellsOfDownstream() ? listener.downstreamConnection() : null;
        return downstream == null || !downstream.toldUpstream ? null : ProxiedConnection.of(downstream);
    }

    /** The id of the client's connection, where each has pools of its own; else 0. */
    private long client(UpstreamListener listener) {
        ConnectionInfo downstream = cluster.config().poolPerDownstream() ? listener.downstreamConnection() : null;
        return downstream == null ? 0 : downstream.id;
    }

    private @Nullable PoolKey key(Endpoint endpoint, UpstreamListener listener) {
        return PoolKey.of(serverName(listener), proxied(endpoint, listener), origin(listener), client(listener));
    }

    private Protocol speaks(UpstreamListener listener) {
        Protocol configured = cluster.config().http().protocol();
        return configured == Protocol.DOWNSTREAM
                ? listener.prefersHttp2() ? Protocol.HTTP2 : Protocol.HTTP1
                : configured;
    }

    private static int index(RequestPriority priority, Protocol protocol) {
        return priority.ordinal() * PROTOCOLS + protocol.ordinal();
    }

    private @Nullable ConnectionPool @Nullable [] pools(Endpoint endpoint, @Nullable PoolKey key) {
        if (key == null) {
            return pools.get(endpoint);
        }
        KeyedPools byKey = keyed.get(endpoint);
        return byKey == null ? null : byKey.get(key);
    }

    private ConnectionPool pool(
            Endpoint endpoint,
            RequestPriority priority,
            Protocol protocol,
            @Nullable String serverName,
            @Nullable ProxiedConnection proxied,
            @Nullable OriginalSource origin,
            long client) {
        PoolKey key = PoolKey.of(serverName, proxied, origin, client);
        @Nullable ConnectionPool[] all = pools(endpoint, key);
        if (all == null) {
            all = new ConnectionPool[RequestPriority.values().length * PROTOCOLS];
            if (key == null) {
                pools.put(endpoint, all);
            } else {
                keyed.computeIfAbsent(endpoint, e -> new KeyedPools()).put(key, all);
            }
        }
        int index = index(priority, protocol);
        ConnectionPool pool = all[index];
        if (pool == null) {
            pool = make(endpoint, priority, protocol, connector(serverName, proxied, origin));
            all[index] = pool;
        }
        return pool;
    }

    private Connector connector(
            @Nullable String serverName, @Nullable ProxiedConnection proxied, @Nullable OriginalSource origin) {
        UpstreamHttpConfig.AutoSni auto = cluster.config().http().autoSni();
        return serverName == null && proxied == null && origin == null
                ? connector
                : connector.madeFor(serverName, auto != null && auto.verify(), proxied, origin);
    }

    private ConnectionPool make(Endpoint endpoint, RequestPriority priority, Protocol protocol, Connector to) {
        ResourceLimits limits = cluster.limits(priority);
        return switch (protocol) {
            case HTTP2 -> Http2Pool.of(cluster, endpoint, limits, to);
            case AUTO ->
                cluster.transport(endpoint) == null
                        ? new Http1Pool(cluster, endpoint, limits, to)
                        : AutoPool.of(cluster, endpoint, limits, to);
            case HTTP1, DOWNSTREAM -> new Http1Pool(cluster, endpoint, limits, to);
        };
    }

    /** Drains the connections of endpoints that are gone, and of unhealthy ones where that is wanted. */
    void refresh() {
        EndpointSet now = cluster.endpoints();
        EndpointSet before = known;
        known = now;
        if (cluster.config().common().closeOnChange() && !before.hasSame(now)) {
            drainAll();
            return;
        }
        for (Endpoint e : endpoints()) {
            if (!now.contains(e) || cluster.config().common().closeOnHealthFailure() && !e.healthy() && !e.degraded()) {
                drain(e);
            }
        }
    }

    private void drain(Endpoint e) {
        leaving.removeIf(ConnectionPool::isEmpty);
        drain(pools.remove(e));
        KeyedPools byKey = keyed.remove(e);
        if (byKey != null) {
            byKey.forEach(this::drain);
        }
    }

    private void drain(@Nullable ConnectionPool @Nullable [] all) {
        if (all != null) {
            for (ConnectionPool pool : all) {
                if (pool != null) {
                    pool.drain();
                    leaving.add(pool);
                }
            }
        }
    }

    private List<Endpoint> endpoints() {
        List<Endpoint> all = new ArrayList<>(pools.keySet());
        all.addAll(keyed.keySet());
        return all;
    }

    void drainAll() {
        endpoints().forEach(this::drain);
    }
}
