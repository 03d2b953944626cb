package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.transport.LoopLocal;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The way from a cluster to its connections, for every loop. One a process. */
public final class Upstreams {
    private final AtomicLong seed;
    /** {@code http.async-client.rq_total}; null = nobody counts. */
    private volatile @Nullable Counter ownRequests;

    private volatile UpstreamGate gate = UpstreamGate.OPEN;
    private final LoopLocal<OnLoop> loops = new LoopLocal<>(OnLoop::new);

    /** {@code seed} is where the draws of load balancers and back-offs start; each loop goes on from another place. */
    public Upstreams(long seed) {
        this.seed = new AtomicLong(seed);
    }

    /** Sets what each connection passes that is made from now on. */
    public void gate(UpstreamGate by) {
        gate = by;
    }

    /** Has the gate decide again about every connection. */
    public void reconsider() {
        loops.forEach(on -> on.links.reconsider());
    }

    /** Sets where requests are counted that the proxy makes itself, or a second time. */
    public void countOwnRequests(Counter by) {
        ownRequests = by;
    }

    /** What belongs to {@code loop}; called on it. */
    public OnLoop on(EventLoop loop) {
        return loops.get(loop);
    }

    /** Closes idle connections everywhere, and busy ones after their response. */
    public void drain() {
        loops.forEach(OnLoop::drain);
    }

    /** Lets go of a cluster that was removed or replaced: idle connections close, busy ones after their response. */
    public void forget(Cluster cluster) {
        loops.forEach(on -> on.forget(cluster));
    }

    /** The clusters' pools of one loop. Confined to it. */
    public final class OnLoop {
        private static final int SPARE_MAPS = 256;

        private final EventLoop loop;
        private final LongSupplier random;
        private final Map<Cluster, ClusterPools> pools = new IdentityHashMap<>();
        private final OpenLinks links = new OpenLinks(() -> gate);
        private final Deque<HeaderMap> spare = new ArrayDeque<>();

        OnLoop(EventLoop loop) {
            this.loop = loop;
            SplittableRandom r = new SplittableRandom(seed.getAndAdd(0x9e3779b97f4a7c15L));
            this.random = r::nextLong;
        }

        public ClusterPools pools(Cluster cluster) {
            ClusterPools p = pools.get(cluster);
            if (p == null) {
                p = new ClusterPools(cluster, loop, random, this::pools, links);
                pools.put(cluster, p);
                ClusterPools made = p;
                cluster.onChange(() -> loop.execute(made::refresh));
            }
            return p;
        }

        /** Counts a copy of a request, as the clients of {@code upstream.client} count what they send. */
        public void ownRequest() {
            Counter c = ownRequests;
            if (c != null) {
                c.inc();
            }
        }

        /** A draw; any long. */
        public long random() {
            return random.getAsLong();
        }

        /** An empty header map, to be given back by {@link #giveBack}. */
        public HeaderMap headerMap() {
            HeaderMap m = spare.pollFirst();
            return m == null ? new HeaderMap() : m;
        }

        public void giveBack(HeaderMap map) {
            map.clear();
            if (spare.size() < SPARE_MAPS) {
                spare.addFirst(map);
            }
        }

        private void forget(Cluster cluster) {
            ClusterPools gone = pools.remove(cluster);
            if (gone != null) {
                gone.drainAll();
            }
        }

        private void drain() {
            pools.values().forEach(ClusterPools::drainAll);
        }
    }
}
