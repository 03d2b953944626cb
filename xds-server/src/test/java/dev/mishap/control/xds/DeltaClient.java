package dev.mishap.control.xds;

import com.google.rpc.Status;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A delta ADS client, message by message. */
final class DeltaClient extends StreamClient<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
    private final Node node;
    private boolean nodeSent;

    DeltaClient(Channel channel, Node node) {
        this(node, observer -> AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(observer));
    }

    DeltaClient(
            Node node, Function<StreamObserver<DeltaDiscoveryResponse>, StreamObserver<DeltaDiscoveryRequest>> method) {
        this.node = node;
        open(method);
    }

    void subscribe(String typeUrl, String... names) {
        send(base(typeUrl).addAllResourceNamesSubscribe(List.of(names)).build());
    }

    void unsubscribe(String typeUrl, String... names) {
        send(base(typeUrl).addAllResourceNamesUnsubscribe(List.of(names)).build());
    }

    void subscribeAgain(String typeUrl, Map<String, String> versions, String... names) {
        send(base(typeUrl)
                .addAllResourceNamesSubscribe(List.of(names))
                .putAllInitialResourceVersions(versions)
                .build());
    }

    void ack(DeltaDiscoveryResponse response) {
        send(base(response.getTypeUrl()).setResponseNonce(response.getNonce()).build());
    }

    void nack(DeltaDiscoveryResponse response, String error) {
        send(base(response.getTypeUrl())
                .setResponseNonce(response.getNonce())
                .setErrorDetail(Status.newBuilder().setCode(3).setMessage(error))
                .build());
    }

    private DeltaDiscoveryRequest.Builder base(String typeUrl) {
        DeltaDiscoveryRequest.Builder request =
                DeltaDiscoveryRequest.newBuilder().setTypeUrl(typeUrl);
        if (!nodeSent) {
            nodeSent = true;
            request.setNode(node);
        }
        return request;
    }

    @Override
    String typeOf(DeltaDiscoveryResponse response) {
        return response.getTypeUrl();
    }
}
