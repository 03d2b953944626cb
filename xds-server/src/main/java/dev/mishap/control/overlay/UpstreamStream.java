package dev.mishap.control.overlay;

import dev.mishap.control.xds.NodeInfo;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.CallCredentials;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/** One aggregated stream to a control plane, in one of its two variants. The node goes with the first message. */
final class UpstreamStream {
    /** Told on threads of the transport. */
    interface Listener {
        void onState(UpstreamStream from, DiscoveryResponse response);

        void onDelta(UpstreamStream from, DeltaDiscoveryResponse response);

        void onEnd(UpstreamStream from, String reason);
    }

    private final Listener listener;
    private final @Nullable StreamObserver<DiscoveryRequest> state;
    private final @Nullable StreamObserver<DeltaDiscoveryRequest> delta;
    private boolean introduced;

    UpstreamStream(Channel channel, @Nullable CallCredentials token, boolean incremental, Listener listener) {
        this.listener = listener;
        AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceStub stub =
                AggregatedDiscoveryServiceGrpc.newStub(channel).withCallCredentials(token);
        state = incremental
                ? null
                : stub.streamAggregatedResources(new Observer<>() {
                    @Override
                    public void onNext(DiscoveryResponse response) {
                        listener.onState(UpstreamStream.this, response);
                    }
                });
        delta = incremental
                ? stub.deltaAggregatedResources(new Observer<>() {
                    @Override
                    public void onNext(DeltaDiscoveryResponse response) {
                        listener.onDelta(UpstreamStream.this, response);
                    }
                })
                : null;
    }

    private abstract class Observer<T> implements StreamObserver<T> {
        @Override
        public void onError(Throwable t) {
            listener.onEnd(UpstreamStream.this, words(Status.fromThrowable(t)));
        }

        @Override
        public void onCompleted() {
            listener.onEnd(UpstreamStream.this, "it ended the stream");
        }
    }

    boolean delta() {
        return delta != null;
    }

    void send(DiscoveryRequest.Builder request, NodeInfo node) {
        if (!introduced) {
            introduced = true;
            request.setNode(node.toNode());
        }
        if (state != null) {
            state.onNext(request.build());
        }
    }

    void send(DeltaDiscoveryRequest.Builder request, NodeInfo node) {
        if (!introduced) {
            introduced = true;
            request.setNode(node.toNode());
        }
        if (delta != null) {
            delta.onNext(request.build());
        }
    }

    void close() {
        try {
            if (state != null) {
                state.onCompleted();
            }
            if (delta != null) {
                delta.onCompleted();
            }
        } catch (IllegalStateException e) {
            // It has ended already.
        }
    }

    /** On one line: a status tells the stack of its cause, too. */
    static String words(Status status) {
        String text = status.getDescription() == null
                ? status.getCode().toString()
                : status.getCode() + ": " + status.getDescription();
        Throwable root = status.getCause();
        while (root != null && root.getCause() != null) {
            root = root.getCause();
        }
        return root == null || root.getMessage() == null ? text : text + ": " + root.getMessage();
    }
}
