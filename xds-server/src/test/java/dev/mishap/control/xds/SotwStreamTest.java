package dev.mishap.control.xds;

import static dev.mishap.control.xds.TypeUrls.CLUSTER;
import static dev.mishap.control.xds.TypeUrls.ENDPOINT;
import static dev.mishap.control.xds.TypeUrls.RUNTIME;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The protocol in the state of the world, over a real socket. */
class SotwStreamTest {
    private final XdsFixture fixture = new XdsFixture();
    private final SotwClient client = fixture.sotw();

    @AfterEach
    void close() {
        fixture.close();
    }

    private static List<String> bodies(DiscoveryResponse response) {
        return response.getResourcesList().stream()
                .map(any -> any.getValue().toStringUtf8())
                .sorted()
                .toList();
    }

    @Test
    void aWildcardGetsAllAndThenEachStateAsAWhole() {
        fixture.put(CLUSTER, "a", "a1");
        fixture.put(CLUSTER, "b", "b1");
        client.subscribe(CLUSTER);
        DiscoveryResponse first = client.next(CLUSTER);
        assertThat(bodies(first)).containsExactly("a1", "b1");
        assertThat(first.getResources(0).getTypeUrl()).isEqualTo(CLUSTER);
        client.ack(first);

        fixture.put(CLUSTER, "b", "b2");
        DiscoveryResponse second = client.next(CLUSTER);
        assertThat(bodies(second)).containsExactly("a1", "b2");
        assertThat(second.getVersionInfo()).isNotEqualTo(first.getVersionInfo());
        assertThat(second.getNonce()).isNotEqualTo(first.getNonce());
        client.ack(second);

        fixture.remove(CLUSTER, "a");
        assertThat(bodies(client.next(CLUSTER))).containsExactly("b2");
    }

    @Test
    void aWildcardOfNothingIsAnswered() {
        client.subscribe(CLUSTER);
        assertThat(client.next(CLUSTER).getResourcesCount()).isZero();
    }

    @Test
    void namesGetTheirChangesOnly() {
        fixture.put(ENDPOINT, "a", "a1");
        fixture.put(ENDPOINT, "b", "b1");
        fixture.put(ENDPOINT, "c", "c1");
        client.subscribe(ENDPOINT, "a", "b");
        DiscoveryResponse first = client.next(ENDPOINT);
        assertThat(bodies(first)).containsExactly("a1", "b1");
        client.ack(first, "a", "b");

        fixture.put(ENDPOINT, "c", "c2");
        fixture.put(ENDPOINT, "b", "b2");
        DiscoveryResponse second = client.next(ENDPOINT);
        assertThat(bodies(second)).containsExactly("b2");
        client.ack(second, "a", "b", "c");
        assertThat(bodies(client.next(ENDPOINT))).containsExactly("c2");
    }

    @Test
    void aRefusedResponseIsNotSentAgainUntilItChanges() {
        fixture.put(RUNTIME, "r", "bad");
        client.subscribe(RUNTIME, "r");
        DiscoveryResponse bad = client.next(RUNTIME);
        client.nack(bad, "", "no good", "r");
        client.subscribe(XdsFixture.FENCE, fixture.fence());
        client.next(XdsFixture.FENCE);
        assertThat(client.hasNothing()).isTrue();
        TypeStatus status = fixture.status(RUNTIME);
        assertThat(status.state()).isEqualTo(TypeStatus.State.NACKED);
        assertThat(status.nack().message()).isEqualTo("no good");

        fixture.put(RUNTIME, "r", "good");
        DiscoveryResponse good = client.next(RUNTIME);
        assertThat(bodies(good)).containsExactly("good");
    }
}
