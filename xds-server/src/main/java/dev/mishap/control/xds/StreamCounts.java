package dev.mishap.control.xds;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** How many calls are open, of all peers and of each: the discovery services, load reports and client status count together. */
final class StreamCounts {
    private final Limits limits;
    private final AtomicInteger open = new AtomicInteger();
    private final Map<String, Integer> perPeer = new ConcurrentHashMap<>();

    StreamCounts(Limits limits) {
        this.limits = limits;
    }

    /** Counts one more; or says why there is no room, and counts nothing. */
    @Nullable
    String enter(Peer peer) {
        if (open.incrementAndGet() > limits.streams()) {
            open.decrementAndGet();
            return "the server has " + limits.streams() + " streams already";
        }
        if (perPeer.merge(peer.host(), 1, Integer::sum) > limits.streamsPerPeer()) {
            leave(peer);
            return peer.host() + " has " + limits.streamsPerPeer() + " streams already";
        }
        return null;
    }

    void leave(Peer peer) {
        open.decrementAndGet();
        perPeer.computeIfPresent(peer.host(), (host, n) -> n == 1 ? null : n - 1);
    }
}
