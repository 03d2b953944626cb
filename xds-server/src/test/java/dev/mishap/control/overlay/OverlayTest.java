package dev.mishap.control.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mishap.control.compile.FleetFaults;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewUpdate;
import dev.mishap.control.xds.XdsServer;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Bytes and versions on the wire, on both sides of an overlay. */
class OverlayTest {
    private static final Node NODE = Node.newBuilder()
            .setId("n")
            .setCluster("c")
            .setUserAgentName("envoy")
            .build();

    /** With its fields in another order than a serializer of ours would write, and one that we do not know. */
    private static final ByteString ODD = Cluster.newBuilder()
            .setAltStatName("alt")
            .build()
            .toByteString()
            .concat(ByteString.copyFrom(new byte[] {(byte) 0xfa, (byte) 0x7f, 1, 'x'}))
            .concat(Cluster.newBuilder().setName("odd").build().toByteString());

    private final ResourceLayer layer = ResourceLayer.named("theirs");
    private XdsServer upstream;
    private FleetFaults faults;
    private XdsServer overlay;
    private ManagedChannel channel;

    @BeforeEach
    void start() {
        layer.update(new ViewUpdate().put(Resource.of(TypeUrls.CLUSTER, "odd", "v7", ODD)));
        upstream = XdsServer.builder((node, peer) -> ResourceView.of(layer)).start();
        Overlay base = new Overlay(List.of("127.0.0.1:" + upstream.port()), UpstreamAccess.PLAIN, 1);
        faults = new FleetFaults(base, Duration.ofSeconds(5), InstantSource.system());
        overlay = XdsServer.builder(faults).start();
        faults.follow(overlay.fleet());
        overlay.fleet().addListener(base);
        channel = NettyChannelBuilder.forAddress("127.0.0.1", overlay.port())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        overlay.close();
        faults.close();
        upstream.close();
    }

    private static final class Answers<T> implements StreamObserver<T> {
        private final BlockingQueue<T> queue = new LinkedBlockingQueue<>();

        @Override
        public void onNext(T value) {
            queue.add(value);
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}

        T next() throws InterruptedException {
            T value = queue.poll(30, TimeUnit.SECONDS);
            assertThat(value).as("an answer").isNotNull();
            return value;
        }
    }

    @Test
    void deltaPassesBytesVersionsAndRemovals() throws InterruptedException {
        Answers<DeltaDiscoveryResponse> answers = new Answers<>();
        StreamObserver<DeltaDiscoveryRequest> stream =
                AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(answers);
        stream.onNext(DeltaDiscoveryRequest.newBuilder()
                .setNode(NODE)
                .setTypeUrl(TypeUrls.CLUSTER)
                .build());
        DeltaDiscoveryResponse first = answers.next();
        assertThat(first.getResourcesCount()).isEqualTo(1);
        assertThat(first.getResources(0).getVersion()).isEqualTo("v7");
        assertThat(first.getResources(0).getResource().getValue()).isEqualTo(ODD);
        stream.onNext(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(TypeUrls.CLUSTER)
                .setResponseNonce(first.getNonce())
                .build());

        layer.update(new ViewUpdate().remove(TypeUrls.CLUSTER, "odd"));
        assertThat(answers.next().getRemovedResourcesList()).containsExactly("odd");
    }

    @Test
    void theStateOfTheWorldPassesBytesAndItsVersion() throws InterruptedException {
        Answers<DiscoveryResponse> direct = new Answers<>();
        ManagedChannel straight = NettyChannelBuilder.forAddress("127.0.0.1", upstream.port())
                .usePlaintext()
                .build();
        DiscoveryRequest request = DiscoveryRequest.newBuilder()
                .setNode(NODE)
                .setTypeUrl(TypeUrls.CLUSTER)
                .build();
        AggregatedDiscoveryServiceGrpc.newStub(straight)
                .streamAggregatedResources(direct)
                .onNext(request);
        Answers<DiscoveryResponse> passed = new Answers<>();
        AggregatedDiscoveryServiceGrpc.newStub(channel)
                .streamAggregatedResources(passed)
                .onNext(request);
        DiscoveryResponse answer = passed.next();
        assertThat(answer.getResources(0).getValue()).isEqualTo(ODD);
        assertThat(answer.getVersionInfo()).isEqualTo(direct.next().getVersionInfo());
        straight.shutdownNow();
    }

    @Test
    void whenTheUpstreamIsGoneItsLastConfigurationServesOn() throws InterruptedException {
        Answers<DiscoveryResponse> first = new Answers<>();
        DiscoveryRequest request = DiscoveryRequest.newBuilder()
                .setNode(NODE)
                .setTypeUrl(TypeUrls.CLUSTER)
                .build();
        AggregatedDiscoveryServiceGrpc.newStub(channel)
                .streamAggregatedResources(first)
                .onNext(request);
        first.next();
        upstream.close();
        Answers<DiscoveryResponse> second = new Answers<>();
        AggregatedDiscoveryServiceGrpc.newStub(channel)
                .streamAggregatedResources(second)
                .onNext(request);
        assertThat(second.next().getResources(0).getValue()).isEqualTo(ODD);
    }
}
