package dev.mishap.control.xds;

import static dev.mishap.control.xds.TypeUrls.CLUSTER;
import static dev.mishap.control.xds.TypeUrls.ENDPOINT;
import static dev.mishap.control.xds.TypeUrls.ROUTE;
import static dev.mishap.control.xds.TypeUrls.RUNTIME;
import static dev.mishap.control.xds.TypeUrls.VIRTUAL_HOST;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The incremental protocol, over a real socket. */
class DeltaStreamTest {
    private final XdsFixture fixture = new XdsFixture();
    private final DeltaClient client = fixture.delta();

    @AfterEach
    void close() {
        fixture.close();
    }

    private static Map<String, String> bodies(DeltaDiscoveryResponse response) {
        Map<String, String> bodies = new TreeMap<>();
        for (Resource resource : response.getResourcesList()) {
            bodies.put(resource.getName(), resource.getResource().getValue().toStringUtf8());
        }
        return bodies;
    }

    /** All that the client has said and the server has been told has been handled. */
    private void fence() {
        client.subscribe(XdsFixture.FENCE, fixture.fence());
        client.ack(client.next(XdsFixture.FENCE));
    }

    private void nothingElse() {
        fence();
        fence(); // What one push sends may come after the fence of the same push.
        assertThat(client.hasNothing()).isTrue();
    }

    private TypeStatus status(String type) {
        return fixture.status(type);
    }

    @Test
    void aWildcardGetsAllAndThenWhatChanges() {
        fixture.put(CLUSTER, "a", "a1");
        fixture.put(CLUSTER, "b", "b1");
        client.subscribe(CLUSTER);
        DeltaDiscoveryResponse first = client.next(CLUSTER);
        assertThat(bodies(first)).containsExactly(Map.entry("a", "a1"), Map.entry("b", "b1"));
        assertThat(first.getResources(0).getVersion()).isNotEmpty();
        assertThat(first.getResources(0).getResource().getTypeUrl()).isEqualTo(CLUSTER);
        client.ack(first);
        fixture.put(CLUSTER, "b", "b2");
        DeltaDiscoveryResponse second = client.next(CLUSTER);
        assertThat(bodies(second)).containsExactly(Map.entry("b", "b2"));
        client.ack(second);
        fixture.base.update(new ViewUpdate().remove(CLUSTER, "a").put(XdsFixture.resource(CLUSTER, "c", "c1")));
        DeltaDiscoveryResponse third = client.next(CLUSTER);
        assertThat(bodies(third)).containsExactly(Map.entry("c", "c1"));
        assertThat(third.getRemovedResourcesList()).containsExactly("a");
        client.ack(third);
        nothingElse();
    }

    @Test
    void aWildcardOfNothingIsAnsweredWithNothing() {
        client.subscribe(CLUSTER);
        DeltaDiscoveryResponse response = client.next(CLUSTER);
        assertThat(response.getResourcesCount()).isZero();
        assertThat(response.getRemovedResourcesCount()).isZero();
    }

    @Test
    void anAbsentNameIsToldAtOnceAndOnceOnly() {
        fixture.put(ENDPOINT, "here", "1");
        client.subscribe(ENDPOINT, "here", "not");
        DeltaDiscoveryResponse response = client.next(ENDPOINT);
        assertThat(bodies(response)).containsExactly(Map.entry("here", "1"));
        assertThat(response.getRemovedResourcesList()).containsExactly("not");
        client.ack(response);
        nothingElse();
        fixture.put(ENDPOINT, "not", "now");
        DeltaDiscoveryResponse then = client.next(ENDPOINT);
        assertThat(bodies(then)).containsExactly(Map.entry("not", "now"));
        client.ack(then);
        fixture.remove(ENDPOINT, "not");
        assertThat(client.next(ENDPOINT).getRemovedResourcesList()).containsExactly("not");
    }

    @Test
    void aNameThatIsSubscribedAgainIsSentAgain() {
        fixture.put(ENDPOINT, "a", "1");
        client.subscribe(ENDPOINT, "a");
        client.ack(client.next(ENDPOINT));
        client.subscribe(ENDPOINT, "a");
        DeltaDiscoveryResponse again = client.next(ENDPOINT);
        assertThat(bodies(again)).containsExactly(Map.entry("a", "1"));
    }

    @Test
    void anUnsubscribedNameIsLeftAlone() {
        fixture.put(ENDPOINT, "a", "1");
        fixture.put(ENDPOINT, "b", "1");
        client.subscribe(ENDPOINT, "a", "b");
        client.ack(client.next(ENDPOINT));
        client.unsubscribe(ENDPOINT, "a");
        fence();
        fixture.put(ENDPOINT, "a", "2");
        fixture.remove(ENDPOINT, "a");
        nothingElse();
        fixture.put(ENDPOINT, "b", "2");
        assertThat(bodies(client.next(ENDPOINT))).containsExactly(Map.entry("b", "2"));
    }

    @Test
    void aNameWithinAWildcardThatIsUnsubscribedIsToldWhatItIsThen() {
        fixture.put(CLUSTER, "a", "1");
        client.subscribe(CLUSTER, "*", "a", "x");
        DeltaDiscoveryResponse first = client.next(CLUSTER);
        assertThat(first.getRemovedResourcesList()).containsExactly("x");
        client.ack(first);
        client.unsubscribe(CLUSTER, "a");
        assertThat(bodies(client.next(CLUSTER))).containsExactly(Map.entry("a", "1"));
    }

    @Test
    void aWildcardThatEndsKeepsTheNames() {
        fixture.put(CLUSTER, "a", "1");
        fixture.put(CLUSTER, "b", "1");
        client.subscribe(CLUSTER, "*", "a");
        client.ack(client.next(CLUSTER));
        client.unsubscribe(CLUSTER, "*");
        fence();
        fixture.put(CLUSTER, "b", "2");
        fixture.put(CLUSTER, "a", "2");
        assertThat(bodies(client.next(CLUSTER))).containsExactly(Map.entry("a", "2"));
    }

    @Test
    void aClientThatComesBackGetsTheDifference() {
        fixture.put(CLUSTER, "same", "1");
        fixture.put(CLUSTER, "changed", "1");
        fixture.put(CLUSTER, "gone", "1");
        client.subscribe(CLUSTER);
        Map<String, String> versions = new TreeMap<>();
        client.next(CLUSTER).getResourcesList().forEach(r -> versions.put(r.getName(), r.getVersion()));
        client.close();
        fixture.base.update(new ViewUpdate()
                .put(XdsFixture.resource(CLUSTER, "changed", "2"))
                .put(XdsFixture.resource(CLUSTER, "new", "1"))
                .remove(CLUSTER, "gone"));

        DeltaClient back = fixture.delta();
        back.subscribeAgain(CLUSTER, versions);
        DeltaDiscoveryResponse response = back.next(CLUSTER);
        assertThat(bodies(response)).containsExactly(Map.entry("changed", "2"), Map.entry("new", "1"));
        assertThat(response.getRemovedResourcesList()).containsExactly("gone");
    }

    @Test
    void changesWhileAResponseIsUnderWayBecomeOne() {
        fixture.put(CLUSTER, "a", "1");
        client.subscribe(CLUSTER);
        DeltaDiscoveryResponse first = client.next(CLUSTER);
        for (int i = 2; i <= 50; i++) {
            fixture.put(CLUSTER, "a", Integer.toString(i));
            fixture.put(CLUSTER, "b", Integer.toString(i));
        }
        fixture.remove(CLUSTER, "b");
        nothingElse();
        client.ack(first);
        DeltaDiscoveryResponse second = client.next(CLUSTER);
        assertThat(bodies(second)).containsExactly(Map.entry("a", "50"));
        assertThat(second.getRemovedResourcesList()).isEmpty();
    }

    @Test
    void aSubscriptionThatIsFarBehindIsBroughtUpToDate() {
        fixture.put(RUNTIME, "r0", "0");
        client.subscribe(RUNTIME, "*");
        DeltaDiscoveryResponse first = client.next(RUNTIME);
        for (int i = 0; i < 5000; i++) {
            fixture.put(RUNTIME, "r" + i, "1");
        }
        client.ack(first);
        assertThat(client.next(RUNTIME).getResourcesCount()).isEqualTo(5000);
    }

    @Test
    void oneBadResourceHoldsUpNoOther() {
        ViewUpdate update = new ViewUpdate();
        for (int i = 0; i < 8; i++) {
            update.put(XdsFixture.resource(ROUTE, "r" + i, i == 5 ? "bad" : "good"));
        }
        fixture.base.update(update);
        client.subscribe(ROUTE, "*");
        Map<String, String> taken = new TreeMap<>();
        int refused = 0;
        while (taken.size() < 7) {
            DeltaDiscoveryResponse response = client.next(ROUTE);
            if (bodies(response).containsValue("bad")) {
                refused++;
                client.nack(response, "r5: bad");
            } else {
                taken.putAll(bodies(response));
                client.ack(response);
            }
        }
        assertThat(refused).isEqualTo(4); // 8, 4, 2, 1
        nothingElse();
        assertThat(status(ROUTE).state()).isEqualTo(TypeStatus.State.NACKED);
        assertThat(status(ROUTE).nack().message()).isEqualTo("r5: bad");

        fixture.put(ROUTE, "r1", "better");
        DeltaDiscoveryResponse better = client.next(ROUTE);
        assertThat(bodies(better)).containsExactly(Map.entry("r1", "better"));
        client.ack(better);
        fence();
        assertThat(status(ROUTE).state()).isEqualTo(TypeStatus.State.NACKED);

        fixture.put(ROUTE, "r5", "good");
        DeltaDiscoveryResponse good = client.next(ROUTE);
        assertThat(bodies(good)).containsExactly(Map.entry("r5", "good"));
        client.ack(good);
        nothingElse();
        assertThat(status(ROUTE).state()).isEqualTo(TypeStatus.State.ACKED);
    }

    @Test
    void heartbeatsKeepAResourceAlive() {
        fixture.base.update(
                new ViewUpdate().put(XdsFixture.resource(RUNTIME, "r", "1").withTtl(Duration.ofMillis(300))));
        client.subscribe(RUNTIME, "r");
        DeltaDiscoveryResponse response = client.next(RUNTIME);
        assertThat(response.getResources(0).getTtl().getNanos()).isEqualTo(300_000_000);
        client.ack(response);
        for (int i = 0; i < 3; i++) {
            DeltaDiscoveryResponse beat = client.next(RUNTIME);
            assertThat(beat.getResourcesList()).hasSize(1);
            assertThat(beat.getResources(0).hasResource()).isFalse();
            assertThat(beat.getResources(0).getName()).isEqualTo("r");
            assertThat(beat.getResources(0).getVersion())
                    .isEqualTo(response.getResources(0).getVersion());
            assertThat(beat.getResources(0).hasTtl()).isTrue();
            client.ack(beat);
        }
        fixture.remove(RUNTIME, "r");
        DeltaDiscoveryResponse last = client.next(RUNTIME);
        while (last.getRemovedResourcesCount() == 0) {
            last = client.next(RUNTIME);
        }
        client.ack(last);
        nothingElse();
    }

    @Test
    void anAliasFindsItsResource() {
        fixture.base.update(new ViewUpdate()
                .put(XdsFixture.resource(VIRTUAL_HOST, "rc/shop", "vh").withAliases(List.of("rc/shop.example"))));
        client.subscribe(VIRTUAL_HOST, "rc/shop.example");
        DeltaDiscoveryResponse response = client.next(VIRTUAL_HOST);
        assertThat(response.getResources(0).getName()).isEqualTo("rc/shop");
        assertThat(response.getResources(0).getAliasesList()).containsExactly("rc/shop.example");
        client.ack(response);
        nothingElse();
        fixture.base.update(new ViewUpdate()
                .put(XdsFixture.resource(VIRTUAL_HOST, "rc/shop", "v2").withAliases(List.of("rc/shop.example"))));
        DeltaDiscoveryResponse second = client.next(VIRTUAL_HOST);
        assertThat(bodies(second)).containsExactly(Map.entry("rc/shop", "v2"));
    }

    @Test
    void aLazyLayerAnswersLater() {
        java.util.concurrent.BlockingQueue<String> wanted = new java.util.concurrent.LinkedBlockingQueue<>();
        ResourceLayer lazy = ResourceLayer.lazy("upstream", new DemandListener() {
            @Override
            public void wanted(String typeUrl, String name) {
                wanted.add("+" + name);
            }

            @Override
            public void unwanted(String typeUrl, String name) {
                wanted.add("-" + name);
            }
        });
        client.subscribe(XdsFixture.FENCE, fixture.fence());
        client.ack(client.next(XdsFixture.FENCE));
        fixture.stream().moveTo(ResourceView.of(lazy, fixture.base));
        client.subscribe(ENDPOINT, "a", "b");
        client.subscribe(CLUSTER);
        fixture.put(CLUSTER, "own", "1");
        nothingElse();
        assertThat(wanted).contains("+a", "+b", "+*");
        lazy.update(
                new ViewUpdate().put(XdsFixture.resource(ENDPOINT, "a", "1")).hide(ENDPOINT, "b"));
        DeltaDiscoveryResponse endpoints = client.next(ENDPOINT);
        assertThat(bodies(endpoints)).containsExactly(Map.entry("a", "1"));
        assertThat(endpoints.getRemovedResourcesList()).containsExactly("b");
        client.ack(endpoints);
        lazy.update(new ViewUpdate().put(XdsFixture.resource(CLUSTER, "c", "1")).complete(CLUSTER));
        assertThat(bodies(client.next(CLUSTER))).containsExactly(Map.entry("c", "1"), Map.entry("own", "1"));
    }
}
