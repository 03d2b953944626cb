package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Scope;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A cluster at work: its configuration, its endpoints of now, its circuit breakers and stats. Shared by all loops. */
public final class Cluster {
    private final ClusterConfig config;
    private final ClusterStats stats;
    private final String maintenanceKey;
    private final ResourceLimits defaultLimits;
    private final ResourceLimits highLimits;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile EndpointSet endpoints = EndpointSet.EMPTY;

    /** A cluster whose stats are {@code cluster.<stat name>.*} of {@code root}; a STATIC one has its endpoints at once. */
    public Cluster(ClusterConfig config, Scope root) {
        this.config = config;
        this.maintenanceKey = "upstream.maintenance_mode." + config.name();
        Scope scope = root.scope("cluster." + config.statName() + ".");
        stats = new ClusterStats(scope);
        defaultLimits = new ResourceLimits(config.defaultLimits(), scope.scope("circuit_breakers.default."));
        highLimits = new ResourceLimits(config.highLimits(), scope.scope("circuit_breakers.high."));
        if (config.dns() == null) {
            publish(new EndpointSet(staticEndpoints(config)));
        }
    }

    private static List<Endpoint> staticEndpoints(ClusterConfig config) {
        List<Endpoint> all = new ArrayList<>();
        for (EndpointConfig e : config.endpoints()) {
            InetAddress address = NetUtil.createInetAddressFromIpAddressString(e.address());
            if (address == null) {
                throw new IllegalArgumentException("not an IP address: " + e.address());
            }
            all.add(new Endpoint(new InetSocketAddress(address, e.port()), e.hostname(), e));
        }
        return all;
    }

    public ClusterConfig config() {
        return config;
    }

    public String name() {
        return config.name();
    }

    /** Runtime key of the share of requests that are answered {@code maintenance mode} instead of being forwarded. */
    public String maintenanceKey() {
        return maintenanceKey;
    }

    public ClusterStats stats() {
        return stats;
    }

    public ResourceLimits limits(RequestPriority priority) {
        return priority == RequestPriority.HIGH ? highLimits : defaultLimits;
    }

    /** The endpoints of now. */
    public EndpointSet endpoints() {
        return endpoints;
    }

    /** Replaces the endpoints, counts the change and tells those who listen. Called by one thread, that of the cluster manager. */
    public void publish(EndpointSet next) {
        EndpointSet before = endpoints;
        endpoints = next;
        stats.membershipTotal.set(next.all().size());
        stats.membershipHealthy.set(next.healthyCount());
        if (!before.all().equals(next.all())) {
            stats.membershipChange.inc();
        }
        for (Endpoint e : next.all()) {
            if (!before.all().contains(e)) {
                stats.transportMatches.inc();
            }
        }
        listeners.forEach(Runnable::run);
    }

    /** Has {@code listener} run after each change of the endpoints, on the thread that made it. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }
}
