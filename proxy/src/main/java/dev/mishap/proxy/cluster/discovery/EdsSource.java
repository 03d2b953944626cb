package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the endpoints of one EDS cluster as its assignment says. Confined to the main loop. */
final class EdsSource implements EndpointSource, ResourceWatcher {
    private static final Logger LOG = LoggerFactory.getLogger("upstream");

    private final Cluster cluster;
    private final EdsDiscovery config;
    private final Members members;
    private final Subscription subscription;
    private Runnable initialized = () -> {};
    private @Nullable Future<?> stale;

    EdsSource(Cluster cluster, EdsDiscovery config, ConfigSources sources) {
        this.cluster = cluster;
        this.config = config;
        this.members = new Members(cluster);
        this.subscription = sources.subscribe(
                config.source(), ResourceType.ENDPOINT, new SubscriptionStats(cluster.stats().scope), this);
    }

    @Override
    public void start(Runnable whenInitialized) {
        initialized = whenInitialized;
        subscription.start(Set.of(config.serviceName()));
    }

    @Override
    public void stop() {
        subscription.close();
        cancelStale();
    }

    @Override
    public boolean healthChanged() {
        return members.prune();
    }

    private void ready() {
        Runnable r = initialized;
        initialized = () -> {};
        r.run();
    }

    @Override
    public void onUpdate(List<Resource> resources, String version) {
        if (resources.isEmpty()) {
            LOG.debug("Missing ClusterLoadAssignment for {} in onConfigUpdate()", config.serviceName());
            cluster.stats().updateEmpty.inc();
            ready();
            return;
        }
        if (resources.size() != 1) {
            throw new ConfigException("Unexpected EDS resource length: " + resources.size());
        }
        ConfigNode assignment = resources.get(0).config();
        if (!assignment.string("cluster_name").equals(config.serviceName())) {
            throw new ConfigException("Unexpected EDS cluster (expecting " + config.serviceName() + "): "
                    + assignment.string("cluster_name"));
        }
        apply(LoadAssignments.from(assignment, false));
        ready();
    }

    @Override
    public void onDelta(List<Resource> added, List<String> removed, String version) {
        if (added.isEmpty() && !removed.isEmpty()) {
            // The last assignment stays until the cluster goes.
            ready();
            return;
        }
        onUpdate(added, version);
    }

    @Override
    public void onFailure() {
        ready();
    }

    private void apply(LoadAssignment assignment) {
        cancelStale();
        long staleAfter = assignment.policy().staleAfterNanos();
        EventLoop loop = cluster.context().loop();
        if (staleAfter > 0 && loop != null) {
            cluster.stats().scope.counter("assignment_timeout_received").inc();
            stale = loop.schedule(this::stale, staleAfter, TimeUnit.NANOSECONDS);
        }
        if (!members.update(assignment)) {
            cluster.stats().updateNoRebuild.inc();
        }
    }

    private void stale() {
        stale = null;
        cluster.stats().scope.counter("assignment_stale").inc();
        members.update(LoadAssignment.EMPTY);
    }

    private void cancelStale() {
        Future<?> s = stale;
        stale = null;
        if (s != null) {
            s.cancel(false);
        }
    }
}
