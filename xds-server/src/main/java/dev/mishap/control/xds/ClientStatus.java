package dev.mishap.control.xds;

import com.google.protobuf.Any;
import com.google.protobuf.Timestamp;
import io.envoyproxy.envoy.admin.v3.ClientResourceStatus;
import io.envoyproxy.envoy.admin.v3.UpdateFailureState;
import io.envoyproxy.envoy.service.status.v3.ClientConfig;
import io.envoyproxy.envoy.service.status.v3.ClientConfig.GenericXdsConfig;
import io.envoyproxy.envoy.service.status.v3.ClientStatusDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.status.v3.ClientStatusRequest;
import io.envoyproxy.envoy.service.status.v3.ClientStatusResponse;
import io.envoyproxy.envoy.service.status.v3.ConfigStatus;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;

/**
 * Envoy's client status discovery (CSDS) over the fleet: what each node has, and what it refused. A peer is told of the nodes that it
 * may know of; of secrets, nobody is told the contents.
 */
final class ClientStatus extends ClientStatusDiscoveryServiceGrpc.ClientStatusDiscoveryServiceImplBase {
    /** Nodes in one answer; an answer with their resources has at most so many bytes. */
    private static final int MAX_NODES = 1000;

    private static final long MAX_BYTES = 64L << 20;

    /** Answers in the making at one time, each of which may be large. */
    private static final int MAX_ANSWERS = 8;

    private final Fleet fleet;
    private final ViewProvider views;
    private final Semaphore answers = new Semaphore(MAX_ANSWERS);

    /** Behind {@link PeerCalls}. */
    ClientStatus(Fleet fleet, ViewProvider views) {
        this.fleet = fleet;
        this.views = views;
    }

    @Override
    public void fetchClientStatus(ClientStatusRequest request, StreamObserver<ClientStatusResponse> answer) {
        respond(request).whenComplete((response, failure) -> {
            if (failure == null) {
                answer.onNext(response);
                answer.onCompleted();
            } else {
                answer.onError(Status.fromThrowable(failure).asRuntimeException());
            }
        });
    }

    /** One request after the other: the next is taken when this one is answered. */
    @Override
    public StreamObserver<ClientStatusRequest> streamClientStatus(StreamObserver<ClientStatusResponse> answer) {
        io.grpc.stub.ServerCallStreamObserver<ClientStatusResponse> call =
                (io.grpc.stub.ServerCallStreamObserver<ClientStatusResponse>) answer;
        call.disableAutoRequest();
        call.request(1);
        return new StreamObserver<>() {
            @Override
            public void onNext(ClientStatusRequest request) {
                respond(request).whenComplete((response, failure) -> {
                    if (failure == null) {
                        answer.onNext(response);
                        call.request(1);
                    } else {
                        answer.onError(Status.fromThrowable(failure).asRuntimeException());
                    }
                });
            }

            @Override
            public void onError(Throwable t) {
                // The client has gone.
            }

            @Override
            public void onCompleted() {
                answer.onCompleted();
            }
        };
    }

    private CompletableFuture<ClientStatusResponse> respond(ClientStatusRequest request) {
        if (!answers.tryAcquire()) {
            return CompletableFuture.failedFuture(Status.RESOURCE_EXHAUSTED
                    .withDescription(MAX_ANSWERS + " other requests are being answered; try again")
                    .asRuntimeException());
        }
        return make(request).whenComplete((response, failure) -> answers.release());
    }

    private CompletableFuture<ClientStatusResponse> make(ClientStatusRequest request) {
        Peer peer = PeerCalls.peer();
        Map<String, List<ConnectedStream>> nodes = new TreeMap<>();
        try {
            NodeMatch match = NodeMatch.of(request.getNodeMatchersList());
            for (ConnectedStream stream : fleet.streams()) {
                if (match.matches(stream.node()) && views.refusal(stream.node(), peer) == null) {
                    nodes.computeIfAbsent(stream.node().id(), id -> new ArrayList<>())
                            .add(stream);
                }
            }
        } catch (IllegalArgumentException e) {
            return CompletableFuture.failedFuture(
                    Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
        }
        if (nodes.size() > MAX_NODES) {
            return CompletableFuture.failedFuture(Status.RESOURCE_EXHAUSTED
                    .withDescription(nodes.size() + " nodes match, more than the " + MAX_NODES
                            + " of one answer: name fewer by node_matchers")
                    .asRuntimeException());
        }
        List<CompletableFuture<ClientConfig>> configs = new ArrayList<>();
        nodes.forEach((id, streams) -> configs.add(config(streams, request.getExcludeResourceContents())));
        return CompletableFuture.allOf(configs.toArray(CompletableFuture[]::new))
                .thenApply(all -> {
                    ClientStatusResponse.Builder response = ClientStatusResponse.newBuilder();
                    long bytes = 0;
                    for (CompletableFuture<ClientConfig> config : configs) {
                        bytes += config.join().getSerializedSize();
                        if (bytes > MAX_BYTES) {
                            throw Status.RESOURCE_EXHAUSTED
                                    .withDescription(
                                            "the answer is larger than 64 MiB: name fewer nodes, or set exclude_resource_contents")
                                    .asRuntimeException();
                        }
                        response.addConfig(config.join());
                    }
                    return response.build();
                });
    }

    private static CompletableFuture<ClientConfig> config(List<ConnectedStream> streams, boolean withoutContents) {
        ClientConfig.Builder config =
                ClientConfig.newBuilder().setNode(streams.get(0).node().toSmallNode());
        CompletableFuture<ClientConfig.Builder> all = CompletableFuture.completedFuture(config);
        for (ConnectedStream stream : streams) {
            all = all.thenCombine(stream.sent().toCompletableFuture(), (builder, sent) -> {
                sent.forEach(each -> builder.addGenericXdsConfigs(generic(each, withoutContents)));
                return builder;
            });
        }
        return all.thenApply(ClientConfig.Builder::build);
    }

    private static GenericXdsConfig generic(SentResource sent, boolean withoutContents) {
        Resource resource = sent.resource();
        GenericXdsConfig.Builder config = GenericXdsConfig.newBuilder()
                .setTypeUrl(resource.typeUrl())
                .setName(resource.name())
                .setVersionInfo(resource.version());
        Instant at = sent.sentAt();
        if (at != null) {
            config.setLastUpdated(timestamp(at));
        }
        boolean secret = resource.typeUrl().equals(TypeUrls.SECRET);
        if (!withoutContents && !secret && !resource.body().isEmpty()) {
            config.setXdsConfig(Any.newBuilder().setTypeUrl(resource.typeUrl()).setValue(resource.body()));
        }
        switch (sent.state()) {
            case ACKED -> config.setConfigStatus(ConfigStatus.SYNCED).setClientStatus(ClientResourceStatus.ACKED);
            case NACKED -> config.setConfigStatus(ConfigStatus.ERROR).setClientStatus(ClientResourceStatus.NACKED);
            case SENT, REQUESTED ->
                config.setConfigStatus(ConfigStatus.STALE).setClientStatus(ClientResourceStatus.REQUESTED);
        }
        TypeStatus.Nack nack = sent.nack();
        if (nack != null) {
            config.setErrorState(UpdateFailureState.newBuilder()
                    .setVersionInfo(nack.version())
                    .setDetails(nack.message())
                    .setLastUpdateAttempt(timestamp(nack.since())));
        }
        return config.build();
    }

    private static Timestamp timestamp(Instant instant) {
        return Timestamp.newBuilder()
                .setSeconds(instant.getEpochSecond())
                .setNanos(instant.getNano())
                .build();
    }
}
