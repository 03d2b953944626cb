package dev.mishap.control.store.etcd;

import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.etcd.wire.AuthGrpc;
import dev.mishap.control.store.etcd.wire.AuthenticateRequest;
import dev.mishap.control.store.etcd.wire.AuthenticateResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Calls to whichever member of the cluster answers. One is used until it fails; then the next. */
final class EtcdChannel implements AutoCloseable {
    private static final long CALL_SECONDS = 5;
    private static final long BACKOFF_MILLIS = 100;
    private static final int MAX_MESSAGE = 64 << 20;
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> LEADER = Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

    private final EtcdOptions options;
    private final List<ManagedChannel> members = new ArrayList<>();
    private final ScheduledExecutorService executor;
    /** Callers that wait. At the end nobody else may be left to tell them: a retry that is planned is dropped with the executor. */
    private final Set<CompletableFuture<?>> pending = ConcurrentHashMap.newKeySet();

    private volatile int current;
    private volatile @Nullable String token;
    private volatile boolean closed;

    EtcdChannel(EtcdOptions options, ScheduledExecutorService executor) throws IOException {
        this.options = options;
        this.executor = executor;
        ChannelCredentials credentials = credentials(options);
        for (URI endpoint : options.endpoints()) {
            members.add(Grpc.newChannelBuilderForAddress(endpoint.getHost(), EtcdOptions.port(endpoint), credentials)
                    .executor(executor)
                    .maxInboundMessageSize(MAX_MESSAGE)
                    // A peer that is gone without a word is found out; etcd allows pings every 5 s.
                    .keepAliveTime(10, TimeUnit.SECONDS)
                    .keepAliveTimeout(5, TimeUnit.SECONDS)
                    .disableRetry()
                    .build());
        }
    }

    private static ChannelCredentials credentials(EtcdOptions options) throws IOException {
        if (!options.tls()) {
            return InsecureChannelCredentials.create();
        }
        TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
        Path ca = options.ca();
        if (ca != null) {
            tls.trustManager(ca.toFile());
        }
        Path certificate = options.certificate();
        Path key = options.key();
        if (certificate != null && key != null) {
            tls.keyManager(certificate.toFile(), key.toFile());
        }
        return tls.build();
    }

    /** The member to begin with, and what tells it from others later. */
    int member() {
        return current;
    }

    /** Another member's turn, if nobody had that idea before. */
    synchronized void failed(int member) {
        if (current == member) {
            current = (member + 1) % members.size();
        }
    }

    /** For streams: a leaderless member ends them, and the token is sent along. */
    Channel channel(int member) {
        Metadata headers = new Metadata();
        headers.put(LEADER, "true");
        String now = token;
        if (now != null) {
            headers.put(TOKEN, now);
        }
        return ClientInterceptors.intercept(members.get(member), MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    /**
     * Calls until a member answers.
     *
     * @param changes whether to stop when the outcome is not known, since doing it twice may not be the same
     */
    <Q, A> CompletableFuture<A> call(MethodDescriptor<Q, A> method, Q request, boolean changes) {
        CompletableFuture<A> result = new CompletableFuture<>();
        pending.add(result);
        result.whenComplete((answer, failure) -> pending.remove(result));
        new Attempt<>(method, request, changes, result).run();
        return result;
    }

    /** One call with all of its attempts, within one deadline. */
    private final class Attempt<Q, A> {
        private final MethodDescriptor<Q, A> method;
        private final Q request;
        private final boolean changes;
        private final CompletableFuture<A> result;
        private final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(CALL_SECONDS);
        private boolean authenticated;

        private Attempt(MethodDescriptor<Q, A> method, Q request, boolean changes, CompletableFuture<A> result) {
            this.method = method;
            this.request = request;
            this.changes = changes;
            this.result = result;
        }

        private void run() {
            if (closed) {
                result.completeExceptionally(new StoreException.Unavailable("the store is closed", null));
                return;
            }
            int member = current;
            long left = deadline - System.nanoTime();
            // With others to turn to, one that is silent does not get all of the time.
            long patience = members.size() == 1 || changes ? left : Math.min(left, TimeUnit.SECONDS.toNanos(2));
            unary(channel(member), method, request, Math.max(patience, 1_000_000))
                    .whenComplete((answer, failure) -> {
                        if (failure == null) {
                            result.complete(answer);
                            return;
                        }
                        Status status = Status.fromThrowable(StoreException.unwrap(failure));
                        if (EtcdErrors.isOfToken(status) && options.user() != null && !authenticated) {
                            authenticated = true;
                            authenticate().whenComplete((done, refused) -> {
                                if (refused == null) {
                                    run();
                                } else {
                                    result.completeExceptionally(refused);
                                }
                            });
                            return;
                        }
                        boolean again = EtcdErrors.isOfMember(status) && (!changes || EtcdErrors.isUnsent(status));
                        if (EtcdErrors.isOfMember(status)) {
                            failed(member);
                        }
                        if (again && deadline - System.nanoTime() > TimeUnit.MILLISECONDS.toNanos(BACKOFF_MILLIS)) {
                            executor.schedule(this::run, BACKOFF_MILLIS, TimeUnit.MILLISECONDS);
                        } else {
                            result.completeExceptionally(StoreException.unwrap(failure));
                        }
                    });
        }
    }

    /** A new token, then the task; without one it is tried all the same. */
    void refresh(Runnable task) {
        if (options.user() == null) {
            task.run();
        } else {
            authenticate().whenComplete((done, failure) -> task.run());
        }
    }

    private CompletableFuture<@Nullable Void> authenticate() {
        AuthenticateRequest request = AuthenticateRequest.newBuilder()
                .setName(options.user())
                .setPassword(options.password())
                .build();
        return unary(
                        members.get(current),
                        AuthGrpc.getAuthenticateMethod(),
                        request,
                        TimeUnit.SECONDS.toNanos(CALL_SECONDS))
                .thenApply((AuthenticateResponse answer) -> {
                    token = answer.getToken();
                    return null;
                });
    }

    private static <Q, A> CompletableFuture<A> unary(
            Channel channel, MethodDescriptor<Q, A> method, Q request, long nanos) {
        CompletableFuture<A> result = new CompletableFuture<>();
        ClientCall<Q, A> call =
                channel.newCall(method, CallOptions.DEFAULT.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS));
        ClientCalls.asyncUnaryCall(call, request, observer(result));
        return result;
    }

    /** Completes with the first answer. */
    static <A> StreamObserver<A> observer(CompletableFuture<A> result) {
        return new StreamObserver<>() {
            @Override
            public void onNext(A answer) {
                result.complete(answer);
            }

            @Override
            public void onError(Throwable failure) {
                result.completeExceptionally(failure);
            }

            @Override
            public void onCompleted() {
                result.completeExceptionally(Status.UNAVAILABLE
                        .withDescription("etcd gave no answer")
                        .asRuntimeException());
            }
        };
    }

    @Override
    public void close() {
        closed = true;
        members.forEach(ManagedChannel::shutdownNow);
        pending.forEach(call -> call.completeExceptionally(closedNow()));
    }

    private static StoreException.Unavailable closedNow() {
        return new StoreException.Unavailable("the store is closed", null, true);
    }
}
