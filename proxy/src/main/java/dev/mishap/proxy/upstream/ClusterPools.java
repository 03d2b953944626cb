package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.cluster.UpstreamHttpConfig.Protocol;
import dev.mishap.proxy.transport.ConnectionInfo;
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
    private final Cluster cluster;
    private final LoadBalancer balancer;
    private final Connector connector;
    private final Map<Endpoint, @Nullable ConnectionPool[]> pools = new IdentityHashMap<>();
    /** Those of endpoints that are gone, while somebody waits in them or uses a connection. */
    private final List<ConnectionPool> leaving = new ArrayList<>();

    private final Function<Cluster, ClusterPools> others;
    private EndpointSet known;

    /** @param others the pools of other clusters on this loop: an aggregate cluster picks endpoints of those it is made of */
    ClusterPools(Cluster cluster, EventLoop loop, LongSupplier random, Function<Cluster, ClusterPools> others) {
        this.others = others;
        this.cluster = cluster;
        this.balancer = cluster.config().lb().balancer(cluster, random);
        this.connector = new Connector(loop, cluster);
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
        owner(endpoint).own(endpoint, priority, listener).acquire(listener);
    }

    private ConnectionPool own(Endpoint endpoint, RequestPriority priority, UpstreamListener listener) {
        return pool(endpoint, priority, speaksHttp2(listener));
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
        return new TcpUpstream(owner.cluster, endpoint, owner.connector, downstream, listener);
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
        @Nullable ConnectionPool[] all = pools.get(endpoint);
        ConnectionPool pool = all == null ? null : all[index(priority, speaksHttp2(listener))];
        if (pool != null && pool.cancel(listener)) {
            return;
        }
        for (ConnectionPool each : leaving) {
            if (each.cancel(listener)) {
                return;
            }
        }
    }

    private boolean speaksHttp2(UpstreamListener listener) {
        return switch (cluster.config().http().protocol()) {
            case HTTP1, AUTO -> false;
            case HTTP2 -> true;
            case DOWNSTREAM -> listener.prefersHttp2();
        };
    }

    private static int index(RequestPriority priority, boolean http2) {
        return priority.ordinal() * 2 + (http2 ? 1 : 0);
    }

    private ConnectionPool pool(Endpoint endpoint, RequestPriority priority, boolean http2) {
        @Nullable ConnectionPool[] all = pools.get(endpoint);
        if (all == null) {
            all = new ConnectionPool[RequestPriority.values().length * 2];
            pools.put(endpoint, all);
        }
        int index = index(priority, http2);
        ConnectionPool pool = all[index];
        if (pool == null) {
            ResourceLimits limits = cluster.limits(priority);
            if (cluster.config().http().protocol() == Protocol.AUTO) {
                pool = AutoPool.of(cluster, endpoint, limits, connector);
            } else if (http2) {
                pool = Http2Pool.of(cluster, endpoint, limits, connector);
            } else {
                pool = new Http1Pool(cluster, endpoint, limits, connector);
            }
            all[index] = pool;
        }
        return pool;
    }

    /** Drains the connections of endpoints that are gone. */
    void refresh() {
        EndpointSet now = cluster.endpoints();
        known = now;
        for (Endpoint e : new ArrayList<>(pools.keySet())) {
            if (!now.contains(e)) {
                drain(e);
            }
        }
    }

    private void drain(Endpoint e) {
        leaving.removeIf(ConnectionPool::isEmpty);
        @Nullable ConnectionPool[] both = pools.remove(e);
        if (both != null) {
            for (ConnectionPool pool : both) {
                if (pool != null) {
                    pool.drain();
                    leaving.add(pool);
                }
            }
        }
    }

    void drainAll() {
        new ArrayList<>(pools.keySet()).forEach(this::drain);
    }
}
