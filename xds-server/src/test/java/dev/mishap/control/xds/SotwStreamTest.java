package dev.mishap.control.xds;

import static dev.mishap.control.xds.TypeUrls.CLUSTER;
import static dev.mishap.control.xds.TypeUrls.ENDPOINT;
import static dev.mishap.control.xds.TypeUrls.LISTENER;
import static dev.mishap.control.xds.TypeUrls.ROUTE;
import static dev.mishap.control.xds.TypeUrls.RUNTIME;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.service.cluster.v3.ClusterDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.grpc.Status;
import java.time.Duration;
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
        nothingElse();
        TypeStatus status = fixture.status(RUNTIME);
        assertThat(status.state()).isEqualTo(TypeStatus.State.NACKED);
        assertThat(status.nack().message()).isEqualTo("no good");

        fixture.put(RUNTIME, "r", "good");
        DiscoveryResponse good = client.next(RUNTIME);
        assertThat(bodies(good)).containsExactly("good");
    }

    /** All that the client has said and the server has been told has been handled. */
    private void fence() {
        String name = fixture.fence();
        client.subscribe(XdsFixture.FENCE, name);
        client.ack(client.next(XdsFixture.FENCE), name);
    }

    private void nothingElse() {
        fence();
        fence(); // What one push sends may come after the fence of the same push.
        assertThat(client.hasNothing()).isTrue();
    }

    @Test
    void nobodyIsToldThatAnEndpointIsGone() {
        fixture.put(ENDPOINT, "a", "1");
        client.subscribe(ENDPOINT, "a", "b");
        client.ack(client.next(ENDPOINT), "a", "b");
        fixture.remove(ENDPOINT, "a");
        nothingElse();
        fixture.put(ENDPOINT, "a", "1");
        assertThat(bodies(client.next(ENDPOINT))).containsExactly("1");
    }

    @Test
    void aStaleAnswerIsIgnored() {
        fixture.put(CLUSTER, "a", "1");
        client.subscribe(CLUSTER);
        DiscoveryResponse first = client.next(CLUSTER);
        client.ack(first);
        fixture.put(CLUSTER, "a", "2");
        DiscoveryResponse second = client.next(CLUSTER);
        client.nack(first, "", "about the first one");
        nothingElse();
        assertThat(fixture.status(CLUSTER).state()).isEqualTo(TypeStatus.State.SENT);
        client.ack(second);
        nothingElse();
        assertThat(fixture.status(CLUSTER).state()).isEqualTo(TypeStatus.State.ACKED);
    }

    @Test
    void theSameRequestAgainIsAnsweredAgain() {
        fixture.put(ENDPOINT, "a", "1");
        client.subscribe(ENDPOINT, "a");
        DiscoveryResponse first = client.next(ENDPOINT);
        client.ack(first, "a");
        client.ack(first, "a");
        DiscoveryResponse again = client.next(ENDPOINT);
        assertThat(bodies(again)).containsExactly("1");
        client.ack(again, "a");
        nothingElse();
    }

    @Test
    void namesThatAreNoLongerAskedForAreLeftAlone() {
        fixture.put(ENDPOINT, "a", "1");
        fixture.put(ENDPOINT, "b", "1");
        client.subscribe(ENDPOINT, "a", "b");
        DiscoveryResponse first = client.next(ENDPOINT);
        client.ack(first, "b");
        fence();
        fixture.put(ENDPOINT, "a", "2");
        nothingElse();
        client.request(ENDPOINT, first.getVersionInfo(), first.getNonce(), List.of());
        fence();
        fixture.put(ENDPOINT, "b", "2");
        nothingElse();
    }

    @Test
    void aListenerAskedForByNameThatIsNotThereIsAnswered() {
        fixture.put(LISTENER, "other", "1");
        client.subscribe(LISTENER, "mine");
        DiscoveryResponse response = client.next(LISTENER);
        assertThat(response.getResourcesCount()).isZero();
        client.ack(response, "mine");
        fixture.put(LISTENER, "mine", "1");
        DiscoveryResponse then = client.next(LISTENER);
        assertThat(bodies(then)).containsExactly("1");
        client.ack(then, "mine");
        fixture.remove(LISTENER, "mine");
        assertThat(client.next(LISTENER).getResourcesCount()).isZero();
    }

    @Test
    void aClientThatComesBackWithTheSameVersionIsNotServedAgain() {
        fixture.put(CLUSTER, "a", "1");
        client.subscribe(CLUSTER);
        DiscoveryResponse first = client.next(CLUSTER);
        client.ack(first);
        client.close();
        client.end();

        SotwClient back = fixture.sotw();
        back.request(CLUSTER, first.getVersionInfo(), "", List.of());
        back.subscribe(XdsFixture.FENCE, fixture.fence());
        back.next(XdsFixture.FENCE);
        assertThat(fixture.status(CLUSTER).state()).isEqualTo(TypeStatus.State.ACKED);
        fixture.put(CLUSTER, "a", "2");
        assertThat(bodies(back.next(CLUSTER))).containsExactly("2");
    }

    @Test
    void routesWaitUntilTheClientHasTheirClusters() {
        fixture.put(CLUSTER, "old", "1");
        fixture.put(ROUTE, "r", "to old");
        client.subscribe(CLUSTER);
        DiscoveryResponse clusters = client.next(CLUSTER);
        client.ack(clusters);
        client.subscribe(ROUTE, "r");
        DiscoveryResponse routes = client.next(ROUTE);
        client.ack(routes, "r");
        fence();

        fixture.base.update(new ViewUpdate()
                .put(XdsFixture.resource(ROUTE, "r", "to new"))
                .put(XdsFixture.resource(CLUSTER, "new", "2"))
                .remove(CLUSTER, "old"));
        clusters = client.next(CLUSTER);
        assertThat(bodies(clusters))
                .as("the old cluster is there until the route has left it")
                .containsExactly("1", "2");
        nothingElse();
        client.ack(clusters);
        routes = client.next(ROUTE);
        assertThat(bodies(routes)).containsExactly("to new");
        nothingElse();
        client.ack(routes, "r");
        clusters = client.next(CLUSTER);
        assertThat(bodies(clusters)).containsExactly("2");
    }

    /** The answer to the clusters may come before the question for their endpoints. */
    @Test
    void routesWaitUntilTheClientHasTheEndpointsOfTheirClusters() {
        client.subscribe(CLUSTER);
        client.ack(client.next(CLUSTER));
        fixture.put(ROUTE, "r", "to old");
        client.subscribe(ROUTE, "r");
        client.ack(client.next(ROUTE), "r");
        fixture.base.update(new ViewUpdate()
                .put(XdsFixture.resource(ROUTE, "r", "to new"))
                .put(XdsFixture.resource(ENDPOINT, "new", "1"))
                .put(dev.mishap.control.xds.Resource.of(Cluster.newBuilder()
                        .setName("new")
                        .setType(Cluster.DiscoveryType.EDS)
                        .setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder()
                                .setEdsConfig(
                                        ConfigSource.newBuilder().setAds(AggregatedConfigSource.getDefaultInstance())))
                        .build())));
        client.ack(client.next(CLUSTER));
        nothingElse();
        client.subscribe(ENDPOINT, "new");
        DiscoveryResponse endpoints = client.next(ENDPOINT);
        nothingElse();
        client.ack(endpoints, "new");
        assertThat(bodies(client.next(ROUTE))).containsExactly("to new");
    }

    @Test
    void heartbeatsNameTheVersionThatTheClientTook() throws Exception {
        fixture.base.update(
                new ViewUpdate().put(XdsFixture.resource(RUNTIME, "r", "1").withTtl(Duration.ofMillis(300))));
        client.subscribe(RUNTIME, "r");
        DiscoveryResponse response = client.next(RUNTIME);
        Resource wrapped = Resource.parseFrom(response.getResources(0).getValue());
        assertThat(response.getResources(0).getTypeUrl())
                .isEqualTo("type.googleapis.com/envoy.service.discovery.v3.Resource");
        assertThat(wrapped.getResource().getTypeUrl()).isEqualTo(RUNTIME);
        assertThat(wrapped.getResource().getValue().toStringUtf8()).isEqualTo("1");
        assertThat(wrapped.getTtl().getNanos()).isEqualTo(300_000_000);
        client.ack(response, "r");
        for (int i = 0; i < 3; i++) {
            DiscoveryResponse beat = client.next(RUNTIME);
            assertThat(beat.getVersionInfo()).isEqualTo(response.getVersionInfo());
            Resource alive = Resource.parseFrom(beat.getResources(0).getValue());
            assertThat(alive.getName()).isEqualTo("r");
            assertThat(alive.hasResource()).isFalse();
            assertThat(alive.hasTtl()).isTrue();
            client.ack(beat, "r");
        }
    }

    /** Envoy's own multiplexer takes heartbeats without content for nothing. */
    @Test
    void anEnvoyGetsTheWholeResourceForAHeartbeat() throws Exception {
        SotwClient envoy = new SotwClient(
                fixture.channel(),
                XdsFixture.node("n3").toBuilder().setUserAgentName("envoy").build());
        fixture.base.update(
                new ViewUpdate().put(XdsFixture.resource(RUNTIME, "r", "1").withTtl(Duration.ofMillis(300))));
        envoy.subscribe(RUNTIME, "r");
        DiscoveryResponse response = envoy.next(RUNTIME);
        envoy.ack(response, "r");
        DiscoveryResponse beat = envoy.next(RUNTIME);
        assertThat(beat.getResourcesList()).isEqualTo(response.getResourcesList());
        assertThat(beat.getVersionInfo()).isEqualTo(response.getVersionInfo());
        envoy.ack(beat, "r");
        beat = envoy.next(RUNTIME);
        envoy.nack(beat, response.getVersionInfo(), "no longer", "r");
        fixture.put(RUNTIME, "r", "2");
        DiscoveryResponse next = envoy.next(RUNTIME);
        assertThat(bodies(next)).as("a heartbeat that was refused is the last").containsExactly("2");
    }

    @Test
    void aTypeOnAStreamOfAnotherEndsIt() {
        SotwClient clusters = new SotwClient(
                XdsFixture.node("n2"),
                observer ->
                        ClusterDiscoveryServiceGrpc.newStub(fixture.channel()).streamClusters(observer));
        fixture.put(CLUSTER, "a", "1");
        clusters.subscribe("");
        assertThat(bodies(clusters.next(CLUSTER))).containsExactly("1");
        clusters.subscribe(ROUTE);
        assertThat(clusters.end().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void anAggregatedRequestNeedsAType() {
        client.subscribe("");
        assertThat(client.end().getDescription()).contains("type_url");
    }

    @Test
    void aNodeMovesToAnotherView() {
        ResourceLayer over = ResourceLayer.named("over");
        over.update(
                new ViewUpdate().put(XdsFixture.resource(RUNTIME, "r", "over")).hide(RUNTIME, "s"));
        fixture.put(RUNTIME, "r", "base");
        fixture.put(RUNTIME, "s", "base s");
        client.subscribe(RUNTIME, "r", "s");
        DiscoveryResponse response = client.next(RUNTIME);
        assertThat(bodies(response)).containsExactly("base", "base s");
        client.ack(response, "r", "s");
        fixture.stream().moveTo(fixture.stream().view().with(over));
        response = client.next(RUNTIME);
        assertThat(bodies(response)).containsExactly("over");
        client.ack(response, "r", "s");
        fixture.put(RUNTIME, "r", "base 2");
        nothingElse();
        over.update(new ViewUpdate().remove(RUNTIME, "r"));
        assertThat(bodies(client.next(RUNTIME))).containsExactly("base 2");
    }
}
