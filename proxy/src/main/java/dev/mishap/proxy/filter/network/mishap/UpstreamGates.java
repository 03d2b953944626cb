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
    public ChannelFuture open(UpstreamLink link, Dial dial) {
        UpstreamFaults own = of(link.cluster());
        Dial rest = own == null || own.isIdle() ? dial : new Behind(own, link, dial, 0);
        return all.isIdle() ? rest.now() : all.open(link, rest);
    }

    @Override
    public void reconsider(UpstreamLink link) {
        all.reconsider(link);
        UpstreamFaults own = of(link.cluster());
        if (own != null) {
            own.reconsider(link);
        }
    }

    /** Has another gate decide how what one gate wants is done. */
    private static final class Behind implements Dial {
        private final UpstreamGate next;
        private final UpstreamLink link;
        private final Dial dial;
        private final long waitNanos;

        Behind(UpstreamGate next, UpstreamLink link, Dial dial, long waitNanos) {
            this.next = next;
            this.link = link;
            this.dial = dial;
            this.waitNanos = waitNanos;
        }

        @Override
        public ChannelFuture now() {
            return next.open(link, waitNanos == 0 ? dial : new Later(dial, waitNanos));
        }

        @Override
        public ChannelFuture later(long nanos) {
            return new Behind(next, link, dial, nanos).now();
        }

        @Override
        public ChannelFuture refused() {
            return dial.refused();
        }

        @Override
        public ChannelFuture unanswered() {
            return dial.unanswered();
        }

        @Override
        public void answer() {
            dial.answer();
        }
    }

    /** Waits first, whatever is wanted. */
    private record Later(Dial dial, long nanos) implements Dial {
        @Override
        public ChannelFuture now() {
            return dial.later(nanos);
        }

        @Override
        public ChannelFuture later(long more) {
            return dial.later(nanos + more);
        }

        @Override
        public ChannelFuture refused() {
            return dial.refused();
        }

        @Override
        public ChannelFuture unanswered() {
            return dial.unanswered();
        }

        @Override
        public void answer() {
            dial.answer();
        }
    }
}
