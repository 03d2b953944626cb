package dev.mishap.benchmarks.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mishap.control.xds.TypeUrls;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** One delta ADS stream on a connection of its own, with what a sidecar subscribes to. */
final class SimulatedProxy implements StreamObserver<DeltaDiscoveryResponse> {
    private static final int TYPES = 5;

    private final ManagedChannel channel;
    private final StreamObserver<DeltaDiscoveryRequest> requests;
    private final CountDownLatch configured;
    private int answers;
    private volatile boolean closed;

    SimulatedProxy(int port, int number, EventLoopGroup loops, CountDownLatch configured) {
        this.configured = configured;
        channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .directExecutor()
                .eventLoopGroup(loops)
                .channelType(NioSocketChannel.class)
                .build();
        requests = AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(this);
        requests.onNext(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(TypeUrls.CLUSTER)
                .setNode(EnvoyNode.of(number))
                .build());
        subscribe(TypeUrls.ENDPOINT, FleetServer.names());
        subscribe(TypeUrls.LISTENER);
        subscribe(TypeUrls.ROUTE, "routes");
        subscribe(TypeUrls.EXTENSION_CONFIG, FleetServer.FAULT, FleetServer.GROUP_FAULT);
    }

    private void subscribe(String type, String... names) {
        requests.onNext(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(type)
                .addAllResourceNamesSubscribe(List.of(names))
                .build());
    }

    @Override
    public void onNext(DeltaDiscoveryResponse response) {
        try {
            for (Resource resource : response.getResourcesList()) {
                if (response.getTypeUrl().equals(TypeUrls.EXTENSION_CONFIG)) {
                    TypedExtensionConfig.parseFrom(resource.getResource().getValue());
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
        requests.onNext(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(response.getTypeUrl())
                .setResponseNonce(response.getNonce())
                .build());
        if (++answers == TYPES) {
            configured.countDown();
        }
    }

    @Override
    public void onError(Throwable t) {
        if (!closed) {
            throw new IllegalStateException(t);
        }
    }

    @Override
    public void onCompleted() {
        channel.shutdown();
    }

    void close() {
        closed = true;
        channel.shutdownNow();
    }
}
