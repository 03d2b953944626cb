package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.rules.ClusterRules;
import dev.mishap.proxy.upstream.UpstreamGate;
import dev.mishap.proxy.upstream.UpstreamLink;
import io.netty.channel.ChannelFuture;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The rules of the API about the proxy's own connections, and behind them those of the connection's cluster. */
public final class UpstreamGates implements UpstreamGate {
    private final UpstreamFaults all;
    private final ClusterRules rules;
    /** By the cluster's name; those that have had rules. */
    private final Map<String, UpstreamFaults> clusters = new ConcurrentHashMap<>();

    public UpstreamGates(UpstreamFaults all, ClusterRules rules) {
        this.all = all;
        this.rules = rules;
    }

    private @Nullable UpstreamFaults of(String cluster) {
        UpstreamFaults known = clusters.get(cluster);
        if (known == null && rules.has(cluster)) {
            known = clusters.computeIfAbsent(cluster, name -> all.of(rules.of(name)));
        }
        return known;
    }

    @Override
    public boolean isIdle() {
        return all.isIdle() && rules.isEmpty();
    }

    @Override
    public Way decide(UpstreamLink link) {
        Way way = all.isIdle() ? Way.NOW : all.decide(link);
        UpstreamFaults own = of(link.cluster());
        // What is refused already leaves the others nothing to act on.
        return own == null || own.isIdle() || way.refused() ? way : way.and(own.decide(link));
    }

    @Override
    public void begun(UpstreamLink link, ChannelFuture made) {
        all.begun(link, made);
        UpstreamFaults own = of(link.cluster());
        if (own != null) {
            own.begun(link, made);
        }
    }

    @Override
    public Way reconsider(UpstreamLink link) {
        Way way = all.reconsider(link);
        UpstreamFaults own = of(link.cluster());
        return own == null ? way : way.and(own.reconsider(link));
    }
}
