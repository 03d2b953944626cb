package dev.mishap.control.xds;

import static dev.mishap.control.xds.TypeUrls.CLUSTER;
import static dev.mishap.control.xds.TypeUrls.RUNTIME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterStats;
import io.envoyproxy.envoy.config.endpoint.v3.UpstreamLocalityStats;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.load_stats.v3.LoadReportingServiceGrpc;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsRequest;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import io.envoyproxy.envoy.service.status.v3.ClientConfig;
import io.envoyproxy.envoy.service.status.v3.ClientConfig.GenericXdsConfig;
import io.envoyproxy.envoy.service.status.v3.ClientStatusDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.status.v3.ClientStatusRequest;
import io.envoyproxy.envoy.service.status.v3.ClientStatusResponse;
import io.envoyproxy.envoy.service.status.v3.ConfigStatus;
import io.envoyproxy.envoy.type.matcher.v3.NodeMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StructMatcher;
import io.envoyproxy.envoy.type.matcher.v3.ValueMatcher;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the server tells of its clients (CSDS), and what they tell of their load (LRS). */
class ClientStatusTest {
    private final XdsFixture fixture = new XdsFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private ClientStatusResponse fetch(ClientStatusRequest.Builder request) {
        return ClientStatusDiscoveryServiceGrpc.newBlockingStub(fixture.channel())
                .fetchClientStatus(request.build());
    }

    private static ClientStatusRequest.Builder id(StringMatcher.Builder matcher) {
        return ClientStatusRequest.newBuilder()
                .addNodeMatchers(NodeMatcher.newBuilder().setNodeId(matcher));
    }

    private DeltaClient client(String id, String app) {
        Node node = XdsFixture.node(id).toBuilder()
                .setMetadata(Struct.newBuilder()
                        .putFields(
                                "labels",
                                Value.newBuilder()
                                        .setStructValue(Struct.newBuilder()
                                                .putFields(
                                                        "app",
                                                        Value.newBuilder()
                                                                .setStringValue(app)
                                                                .build()))
                                        .build()))
                .build();
        DeltaClient client = new DeltaClient(fixture.channel(), node);
        client.subscribe(XdsFixture.FENCE, fixture.fence());
        client.ack(client.next(XdsFixture.FENCE));
        return client;
    }

    @Test
    void tellsWhatEachResourceCameTo() {
        fixture.put(RUNTIME, "good", "1");
        fixture.put(RUNTIME, "bad", "1");
        fixture.put(CLUSTER, "c", "1");
        DeltaClient client = client("n1", "shop");
        client.subscribe(RUNTIME, "bad");
        DeltaDiscoveryResponse bad = client.next(RUNTIME);
        client.nack(bad, "no such key");
        client.subscribe(RUNTIME, "good");
        client.ack(client.next(RUNTIME));
        client.subscribe(CLUSTER);
        client.next(CLUSTER);
        client.subscribe(XdsFixture.FENCE, fixture.fence());
        client.next(XdsFixture.FENCE);

        ClientConfig config = fetch(ClientStatusRequest.newBuilder()).getConfig(0);
        assertThat(config.getNode().getId()).isEqualTo("n1");
        GenericXdsConfig refused = find(config, "bad");
        assertThat(refused.getConfigStatus()).isEqualTo(ConfigStatus.ERROR);
        assertThat(refused.getErrorState().getDetails()).isEqualTo("no such key");
        assertThat(refused.getXdsConfig().getValue().toStringUtf8()).isEqualTo("1");
        assertThat(refused.hasLastUpdated()).isTrue();
        assertThat(find(config, "good").getConfigStatus()).isEqualTo(ConfigStatus.SYNCED);
        assertThat(find(config, "c").getConfigStatus()).isEqualTo(ConfigStatus.STALE);
        config = fetch(ClientStatusRequest.newBuilder().setExcludeResourceContents(true))
                .getConfig(0);
        assertThat(find(config, "good").hasXdsConfig()).isFalse();
    }

    private static GenericXdsConfig find(ClientConfig config, String name) {
        return config.getGenericXdsConfigsList().stream()
                .filter(c -> c.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void findsNodesByIdAndMetadata() {
        client("shop-1", "shop");
        client("shop-2", "shop");
        client("pay-1", "pay");
        assertThat(fetch(ClientStatusRequest.newBuilder()).getConfigCount()).isEqualTo(3);
        assertThat(fetch(id(StringMatcher.newBuilder().setExact("pay-1"))).getConfigCount())
                .isEqualTo(1);
        assertThat(fetch(id(StringMatcher.newBuilder().setPrefix("SHOP").setIgnoreCase(true)))
                        .getConfigCount())
                .isEqualTo(2);
        assertThat(fetch(id(StringMatcher.newBuilder().setSuffix("1"))).getConfigCount())
                .isEqualTo(2);
        assertThat(fetch(id(StringMatcher.newBuilder().setContains("none"))).getConfigCount())
                .isZero();
        ClientStatusRequest.Builder app = ClientStatusRequest.newBuilder()
                .addNodeMatchers(NodeMatcher.newBuilder()
                        .addNodeMetadatas(StructMatcher.newBuilder()
                                .addPath(StructMatcher.PathSegment.newBuilder().setKey("labels"))
                                .addPath(StructMatcher.PathSegment.newBuilder().setKey("app"))
                                .setValue(ValueMatcher.newBuilder()
                                        .setStringMatch(
                                                StringMatcher.newBuilder().setExact("shop")))));
        assertThat(fetch(app).getConfigCount()).isEqualTo(2);
        assertThatThrownBy(() -> fetch(id(StringMatcher.newBuilder())))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("exact, prefix");
    }

    @Test
    void keepsTheLastLoadReportOfEachCluster() throws InterruptedException {
        BlockingQueue<LoadStatsResponse> answers = new LinkedBlockingQueue<>();
        StreamObserver<LoadStatsRequest> reports = LoadReportingServiceGrpc.newStub(fixture.channel())
                .streamLoadStats(new StreamObserver<>() {
                    @Override
                    public void onNext(LoadStatsResponse response) {
                        answers.add(response);
                    }

                    @Override
                    public void onError(Throwable t) {
                        // The end of the test.
                    }

                    @Override
                    public void onCompleted() {
                        answers.add(LoadStatsResponse.getDefaultInstance());
                    }
                });
        reports.onNext(
                LoadStatsRequest.newBuilder().setNode(XdsFixture.node("n1")).build());
        LoadStatsResponse asked = answers.poll(20, TimeUnit.SECONDS);
        assertThat(asked.getSendAllClusters()).isTrue();
        assertThat(asked.getLoadReportingInterval().getSeconds()).isEqualTo(10);
        for (int i = 1; i <= 2; i++) {
            reports.onNext(LoadStatsRequest.newBuilder()
                    .addClusterStats(ClusterStats.newBuilder()
                            .setClusterName("c")
                            .setTotalDroppedRequests(i)
                            .addUpstreamLocalityStats(UpstreamLocalityStats.newBuilder()
                                    .setLocality(Locality.newBuilder().setZone("z"))
                                    .setTotalSuccessfulRequests(10L * i)))
                    .build());
        }
        XdsFixture.await(() -> fixture.server.loads().of("n1").stream().anyMatch(r -> r.dropped() == 2));
        List<LoadReport> all = List.copyOf(fixture.server.loads().all());
        assertThat(all).hasSize(1);
        assertThat(all.get(0).localities().get(0).succeeded()).isEqualTo(20);
        reports.onCompleted();
        assertThat(answers.poll(20, TimeUnit.SECONDS)).isNotNull();
        assertThat(fixture.server.loads().all()).isEmpty();
    }

    @Test
    void aPeerIsToldOfTheNodesThatItMayKnowOf() {
        try (XdsFixture guarded = new XdsFixture(Limits.DEFAULT, new ViewProvider() {
            @Override
            public ResourceView viewOf(NodeInfo node, Peer peer) {
                return ResourceView.of(fixture.base);
            }

            @Override
            public String refusal(NodeInfo node, Peer peer) {
                return peer.host().equals("127.0.0.1") && node.id().equals("mine") ? null : "not yours";
            }
        })) {
            String fence = fixture.fence();
            for (String id : List.of("mine", "another")) {
                DeltaClient client = new DeltaClient(guarded.channel(), XdsFixture.node(id));
                client.subscribe(XdsFixture.FENCE, fence);
                client.ack(client.next(XdsFixture.FENCE));
            }
            ClientStatusResponse all = ClientStatusDiscoveryServiceGrpc.newBlockingStub(guarded.channel())
                    .fetchClientStatus(ClientStatusRequest.getDefaultInstance());
            assertThat(all.getConfigList())
                    .extracting(config -> config.getNode().getId())
                    .containsExactly("mine");
            // Nor may it tell of another how that one fares.
            assertThat(loadReporter(guarded, "another")).isEqualTo("PERMISSION_DENIED: not yours");
            assertThat(guarded.server.loads().all()).isEmpty();
        }
    }

    /** How a stream of load reports of a node ends that is refused. */
    private static String loadReporter(XdsFixture at, String node) {
        CompletableFuture<String> end = new CompletableFuture<>();
        StreamObserver<LoadStatsRequest> reports = LoadReportingServiceGrpc.newStub(at.channel())
                .streamLoadStats(new StreamObserver<>() {
                    @Override
                    public void onNext(LoadStatsResponse response) {
                        end.complete("taken");
                    }

                    @Override
                    public void onError(Throwable t) {
                        end.complete(((StatusRuntimeException) t).getStatus().getCode() + ": "
                                + ((StatusRuntimeException) t).getStatus().getDescription());
                    }

                    @Override
                    public void onCompleted() {
                        end.complete("ended");
                    }
                });
        if (!node.isEmpty()) {
            reports.onNext(LoadStatsRequest.newBuilder()
                    .setNode(XdsFixture.node(node))
                    .addClusterStats(ClusterStats.newBuilder().setClusterName("c"))
                    .build());
        }
        return end.orTimeout(20, TimeUnit.SECONDS).join();
    }

    @Test
    void loadReportsAndClientStatusHaveTheLimitsOfDiscovery() {
        Limits one = new Limits(8 << 20, 1, 1, 10, 10, 10, Duration.ofMillis(200), Duration.ofSeconds(1));
        try (XdsFixture small = new XdsFixture(one, (node, peer) -> ResourceView.of(fixture.base))) {
            assertThat(loadReporter(small, "")).startsWith("DEADLINE_EXCEEDED: no report within");
            DeltaClient client = new DeltaClient(small.channel(), XdsFixture.node("n"));
            client.subscribe(RUNTIME, "x");
            XdsFixture.await(() -> small.server.fleet().size() == 1);
            assertThat(loadReporter(small, "n")).startsWith("RESOURCE_EXHAUSTED: the server has 1 streams already");
            assertThatThrownBy(() -> ClientStatusDiscoveryServiceGrpc.newBlockingStub(small.channel())
                            .fetchClientStatus(ClientStatusRequest.getDefaultInstance()))
                    .hasMessageContaining("RESOURCE_EXHAUSTED");
        }
    }

    @Test
    void theContentsOfSecretsAreNobodysBusiness() {
        DeltaClient client = client("a", "x");
        fixture.put(TypeUrls.SECRET, "key", "private");
        fixture.put(RUNTIME, "layer", "open");
        client.subscribe(TypeUrls.SECRET, "key");
        client.ack(client.next(TypeUrls.SECRET));
        client.subscribe(RUNTIME, "layer");
        client.ack(client.next(RUNTIME));
        ClientConfig config = fetch(ClientStatusRequest.newBuilder()).getConfig(0);
        assertThat(config.getGenericXdsConfigsList())
                .filteredOn(each -> each.getTypeUrl().equals(TypeUrls.SECRET))
                .singleElement()
                .satisfies(each -> {
                    assertThat(each.getName()).isEqualTo("key");
                    assertThat(each.hasXdsConfig()).isFalse();
                });
        assertThat(config.getGenericXdsConfigsList())
                .filteredOn(each -> each.getTypeUrl().equals(RUNTIME))
                .singleElement()
                .satisfies(each -> assertThat(each.hasXdsConfig()).isTrue());
    }
}
