package dev.mishap.control.xds;

import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.Channel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client of clusters in the state of the world that takes a response when it is told to. */
final class SlowClient implements ClientResponseObserver<DiscoveryRequest, DiscoveryResponse> {
    private final BlockingQueue<DiscoveryResponse> responses = new LinkedBlockingQueue<>();
    private ClientCallStreamObserver<DiscoveryRequest> requests;

    SlowClient(Channel channel) {
        AggregatedDiscoveryServiceGrpc.newStub(channel).streamAggregatedResources(this);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<DiscoveryRequest> stream) {
        stream.disableAutoRequestWithInitial(0);
        requests = stream;
    }

    void subscribe() {
        requests.onNext(DiscoveryRequest.newBuilder()
                .setNode(XdsFixture.node("slow"))
                .setTypeUrl(TypeUrls.CLUSTER)
                .build());
    }

    /** Takes and acknowledges {@code n} responses; the first resource of each. */
    List<String> readAll(int n) throws InterruptedException {
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            requests.request(1);
            DiscoveryResponse response = responses.poll(20, TimeUnit.SECONDS);
            assertThat(response).isNotNull();
            bodies.add(response.getResources(0).getValue().toStringUtf8());
            requests.onNext(DiscoveryRequest.newBuilder()
                    .setTypeUrl(TypeUrls.CLUSTER)
                    .setVersionInfo(response.getVersionInfo())
                    .setResponseNonce(response.getNonce())
                    .build());
        }
        return bodies;
    }

    @Override
    public void onNext(DiscoveryResponse response) {
        responses.add(response);
    }

    @Override
    public void onError(Throwable t) {
        // The end of the test.
    }

    @Override
    public void onCompleted() {
        // The end of the test.
    }
}
