package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.cluster.OnDemandClusters;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.proxy.xds.OnDemandNames;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/** {@code TcpProxy.on_demand}: clusters that are asked for when a connection first needs them. */
final class OnDemand {
    static final SupportedFields FIELDS = SupportedFields.of(TcpProxyConfig.TYPE + ".OnDemand")
            .supported("odcds_config", "timeout")
            .refused("resources_locator", "xdstp:// names are not supported; clusters are asked for by their names");

    private static final long DEFAULT_TIMEOUT_NANOS = 60_000_000_000L;

    private final OnDemandClusters.Source source;
    private final long timeoutNanos;
    private final Counter attempts;
    private final Counter found;
    private final Counter missing;
    private final Counter timeouts;

    private OnDemand(OnDemandClusters.Source source, long timeoutNanos, Scope scope) {
        this.source = source;
        this.timeoutNanos = timeoutNanos;
        attempts = scope.counter("on_demand_cluster_attempt");
        found = scope.counter("on_demand_cluster_success");
        missing = scope.counter("on_demand_cluster_missing");
        timeouts = scope.counter("on_demand_cluster_timeout");
    }

    /** Null when clusters are not asked for. */
    static @Nullable OnDemand from(@Nullable ConfigNode node, NetworkFilterContext context, Scope scope) {
        ConfigNode config = node == null ? null : node.message("odcds_config");
        if (node == null || config == null) {
            return null;
        }
        return new OnDemand(
                context.service(OnDemandClusters.class).source(config, context.service(Lifecycle.class)),
                Math.max(1, node.durationNanos("timeout", DEFAULT_TIMEOUT_NANOS)),
                scope);
    }

    /** Whether a server may be asked for {@code cluster}. */
    boolean takes(String cluster) {
        return OnDemandNames.isPlain(cluster);
    }

    /**
     * Asks for a cluster.
     *
     * @param done runs on {@code loop} when it is there, or will not be
     */
    OnDemandNames.Waiter want(String cluster, EventLoop loop, Runnable done) {
        attempts.inc();
        return source.want(cluster, loop, timeoutNanos, done);
    }

    /** What came of it, {@code waitedNanos} later. */
    void came(boolean there, long waitedNanos) {
        if (there) {
            found.inc();
        } else if (waitedNanos >= timeoutNanos) {
            timeouts.inc();
        } else {
            missing.inc();
        }
    }
}
