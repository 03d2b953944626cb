package dev.mishap.proxy.server;

import dev.mishap.proxy.cluster.AssignmentSource;
import dev.mishap.proxy.cluster.ClusterContext;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.dns.DnsOptions;
import dev.mishap.proxy.dns.NettyResolver;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.RuntimeLoader;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.transport.TransportContext;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What this process gives to its clusters. Resolvers are made when a cluster first asks for one; they belong to the main loop. */
final class ServerClusters implements ClusterContext, AutoCloseable {
    private final Scope root;
    private final TransportContext transports;
    private final EventLoop loop;
    private final RuntimeLoader runtime;
    private final @Nullable Locality here;
    private final Map<DnsOptions, Resolver> resolvers = new HashMap<>();
    private volatile @Nullable AssignmentSource assignments;

    ServerClusters(
            Scope root, EventLoop loop, RuntimeLoader runtime, Bootstrap.Node node, TransportContext transports) {
        this.transports = transports;
        this.root = root;
        this.loop = loop;
        this.runtime = runtime;
        Locality place = new Locality(node.region(), node.zone(), node.subZone());
        this.here = place.equals(Locality.NONE) ? null : place;
    }

    @Override
    public Scope root() {
        return root;
    }

    @Override
    public TransportContext transports() {
        return transports;
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public RuntimeSnapshot runtime() {
        return runtime.get();
    }

    @Override
    public @Nullable Locality here() {
        return here;
    }

    @Override
    public synchronized Resolver resolver(DnsOptions options) {
        return resolvers.computeIfAbsent(options, o -> new NettyResolver(loop));
    }

    @Override
    public @Nullable AssignmentSource assignments() {
        return assignments;
    }

    /** Sets where EDS clusters get their assignments; before they start. */
    void assignments(AssignmentSource source) {
        assignments = source;
    }

    @Override
    public synchronized void close() {
        resolvers.values().forEach(Resolver::close);
    }
}
