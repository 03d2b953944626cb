package dev.mishap.control.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.Node;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What nodes that poll may have kept of them. */
class PollingTest {
    private static final Peer PEER = new Peer(InetSocketAddress.createUnresolved("h", 1), List.of());

    private final ResourceLayer layer = ResourceLayer.named("base");
    private final List<String> views = new ArrayList<>();
    private final Fleet fleet = new Fleet();

    private Polling polling(int maxNodes, long maxBytes) {
        return new Polling(
                (node, peer) -> {
                    views.add(node.id());
                    return ResourceView.of(layer);
                },
                new NodeReader(),
                fleet,
                Clock.systemUTC(),
                (Duration after, Runnable task) -> {},
                maxNodes,
                maxBytes);
    }

    private static void poll(Polling polling, String node, String... names) {
        ByteString bytes = Node.newBuilder().setId(node).build().toByteString();
        polling.poll(bytes, PEER, TypeUrls.CLUSTER, List.of(names), "");
    }

    private int kept(String node) {
        return fleet.streams(node).iterator().next().types().size();
    }

    @Test
    void nothingIsMadeForANodeThatThereIsNoRoomFor() {
        Polling polling = polling(1, 1 << 20);
        poll(polling, "a");

        assertThatThrownBy(() -> poll(polling, "b"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("there are too many nodes that poll already: 1");
        poll(polling, "a");

        assertThat(views).containsExactly("a", "a");
        assertThat(fleet.size()).isEqualTo(1);
    }

    @Test
    void namesThatAreAskedForCountAgainstTheMemoryOfAllNodes() {
        Polling polling = polling(10, 10_000);
        poll(polling, "a", "c");
        poll(polling, "a", "x".repeat(10_000));
        poll(polling, "b", "d");
        poll(polling, "a", "c");

        assertThat(kept("a")).isEqualTo(1);
        assertThat(kept("b")).isEqualTo(1);
    }
}
