package dev.mishap.control.xds;

import com.google.rpc.Status;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.function.Function;

/** An ADS client in the state of the world, message by message. */
final class SotwClient extends StreamClient<DiscoveryRequest, DiscoveryResponse> {
    private final Node node;
    private boolean nodeSent;

    SotwClient(Channel channel, Node node) {
        this(node, observer -> AggregatedDiscoveryServiceGrpc.newStub(channel).streamAggregatedResources(observer));
    }

    SotwClient(Node node, Function<StreamObserver<DiscoveryResponse>, StreamObserver<DiscoveryRequest>> method) {
        this.node = node;
        open(method);
    }

    void subscribe(String typeUrl, String... names) {
        request(typeUrl, "", "", List.of(names));
    }

    void request(String typeUrl, String version, String nonce, List<String> names) {
        send(base(typeUrl, version, nonce, names).build());
    }

    void ack(DiscoveryResponse response, String... names) {
        request(response.getTypeUrl(), response.getVersionInfo(), response.getNonce(), List.of(names));
    }

    void nack(DiscoveryResponse response, String lastVersion, String error, String... names) {
        send(base(response.getTypeUrl(), lastVersion, response.getNonce(), List.of(names))
                .setErrorDetail(Status.newBuilder().setCode(3).setMessage(error))
                .build());
    }

    private DiscoveryRequest.Builder base(String typeUrl, String version, String nonce, List<String> names) {
        DiscoveryRequest.Builder request = DiscoveryRequest.newBuilder()
                .setTypeUrl(typeUrl)
                .setVersionInfo(version)
                .setResponseNonce(nonce)
                .addAllResourceNames(names);
        if (!nodeSent) {
            nodeSent = true;
            request.setNode(node);
        }
        return request;
    }

    @Override
    String typeOf(DiscoveryResponse response) {
        return response.getTypeUrl();
    }
}
