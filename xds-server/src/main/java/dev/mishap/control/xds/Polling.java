package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

/**
 * Discovery without a stream, for clients that poll. What has a time to live is not served: a client that polls would keep it for ever,
 * so it gets what a layer below has under that name, if there is one.
 */
public final class Polling {
    /** @param resources empty when {@code unchanged} */
    public record Answer(String version, List<Resource> resources, boolean unchanged) {}

    /** A node that has not polled for so long is not there any more. */
    private static final Duration IDLE = Duration.ofSeconds(60);

    /** Nodes that poll, of all peers; each is some kilobytes. */
    private static final int MAX_NODES = 20_000;

    /** Of all of these nodes together; what they say of themselves and ask for is theirs to choose. */
    private static final long MAX_BYTES = 256L << 20;

    private final ViewProvider views;
    private final NodeReader nodes;
    private final Fleet fleet;
    private final Clock clock;
    private final BiConsumer<Duration, Runnable> timer;
    private final Map<NodeInfo, PolledNode> polled = new ConcurrentHashMap<>();
    private final AtomicLong ids = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final int maxNodes;
    private final long maxBytes;

    /** For {@link XdsServer#polling}. */
    Polling(ViewProvider views, NodeReader nodes, Fleet fleet, Clock clock, BiConsumer<Duration, Runnable> timer) {
        this(views, nodes, fleet, clock, timer, MAX_NODES, MAX_BYTES);
    }

    /** For tests, with limits of their own. */
    Polling(
            ViewProvider views,
            NodeReader nodes,
            Fleet fleet,
            Clock clock,
            BiConsumer<Duration, Runnable> timer,
            int maxNodes,
            long maxBytes) {
        this.maxNodes = maxNodes;
        this.maxBytes = maxBytes;
        this.views = views;
        this.nodes = nodes;
        this.fleet = fleet;
        this.clock = clock;
        this.timer = timer;
    }

    /**
     * What a node gets of a type now.
     *
     * @param node an {@code envoy.config.core.v3.Node}, serialised
     * @param names none = all
     * @param version that the client has; empty = none
     * @throws AccessDeniedException when the peer may not be this node
     * @throws IllegalStateException when there are too many nodes that poll
     * @throws IllegalArgumentException when the node is none
     */
    public Answer poll(ByteString node, Peer peer, String typeUrl, Collection<String> names, String version) {
        NodeInfo info = nodes.read(node);
        requireRoom(info); // before anything is made for it
        ResourceView view = views.viewOf(info, peer);
        Answer answer = read(view, typeUrl, names, version);
        seen(info, peer, view).polled(peer, view, typeUrl, names, version, answer);
        return answer;
    }

    /** In the fleet from its first poll on. */
    private PolledNode seen(NodeInfo info, Peer peer, ResourceView view) {
        PolledNode known = polled.get(info);
        if (known != null) {
            return known;
        }
        requireRoom(info);
        PolledNode fresh = new PolledNode(-ids.incrementAndGet(), info, peer, view, fleet, clock, this::take);
        PolledNode other = polled.putIfAbsent(info, fresh);
        if (other != null) {
            return other;
        }
        bytes.addAndGet(info.bytes());
        fleet.add(fresh, Integer.MAX_VALUE);
        timer.accept(IDLE, () -> expire(fresh));
        return fresh;
    }

    private void requireRoom(NodeInfo info) {
        if (!polled.containsKey(info) && (polled.size() >= maxNodes || bytes.get() + info.bytes() > maxBytes)) {
            throw new IllegalStateException("there are too many nodes that poll already: " + polled.size());
        }
    }

    private boolean take(long more) {
        boolean fits = bytes.addAndGet(more) <= maxBytes;
        if (!fits) {
            bytes.addAndGet(-more);
        }
        return fits;
    }

    private void expire(PolledNode node) {
        long left = IDLE.toNanos() - node.idleNanos(System.nanoTime());
        if (left > 0) {
            timer.accept(Duration.ofNanos(left), () -> expire(node));
        } else {
            if (polled.remove(node.node(), node)) {
                bytes.addAndGet(-node.node().bytes() - node.end());
            }
            fleet.remove(node);
        }
    }

    private static Answer read(ResourceView view, String typeUrl, Collection<String> names, String version) {
        return view.read(() -> {
            if (!view.complete(typeUrl)) {
                // As of a lazy layer that nobody has asked yet: what the client has is better than half an answer.
                return new Answer(version, List.of(), true);
            }
            Set<String> wanted = names.isEmpty() ? view.names(typeUrl) : Set.copyOf(names);
            List<Resource> resources = new ArrayList<>();
            long fingerprint = 0;
            for (String name : wanted) {
                Resource resource = view.findLasting(typeUrl, name).resource();
                if (resource != null) {
                    resources.add(resource);
                    fingerprint += resource.fingerprint();
                }
            }
            String label = view.label(typeUrl);
            String now = label != null && names.isEmpty() ? label : Long.toHexString(fingerprint);
            return now.equals(version) ? new Answer(now, List.of(), true) : new Answer(now, resources, false);
        });
    }
}
