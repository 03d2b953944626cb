package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Authenticator;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** Runs calls on threads of their own, since those of the transport must not wait for the store, and says who is calling. */
final class GrpcCalls implements ServerInterceptor, AutoCloseable {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    /** What those who stand in between say of themselves. */
    private static final List<Metadata.Key<String>> FORWARDING = List.of(
            Metadata.Key.of("forwarded", Metadata.ASCII_STRING_MARSHALLER),
            Metadata.Key.of("x-forwarded-for", Metadata.ASCII_STRING_MARSHALLER),
            Metadata.Key.of("via", Metadata.ASCII_STRING_MARSHALLER));

    private static final Context.Key<String> OPERATION = Context.key("mishap-operation");
    private static final Context.Key<Credentials> CREDENTIALS = Context.key("mishap-credentials");
    private static final int THREADS = 16;
    private static final int QUEUED = 1024;

    private final Authenticator authenticator;
    private final ThreadPoolExecutor executor;
    private volatile @Nullable ApiParts parts;

    GrpcCalls(Authenticator authenticator) {
        this.authenticator = authenticator;
        AtomicInteger number = new AtomicInteger();
        executor = new ThreadPoolExecutor(
                THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUED), task -> {
                    Thread thread = new Thread(task, "mishap-grpc-api-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
    }

    void bind(ApiParts api) {
        parts = api;
    }

    ApiParts parts() {
        ApiParts bound = parts;
        if (bound == null) {
            throw new ProblemException(ProblemKind.UNAVAILABLE, "the server is starting");
        }
        return bound;
    }

    RuleService service() {
        return parts().rules();
    }

    WatchHub hub() {
        return parts().hub();
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        SocketAddress remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        InetSocketAddress inet = remote instanceof InetSocketAddress address ? address : null;
        Credentials credentials = new Credentials(
                inet == null || inet.getAddress() == null
                        ? "local"
                        : inet.getAddress().getHostAddress(),
                inet != null && inet.getAddress() != null && inet.getAddress().isLoopbackAddress(),
                headers.get(AUTHORIZATION),
                call.getAuthority(),
                null,
                FORWARDING.stream().anyMatch(headers::containsKey),
                certificates(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION)));
        Context context = Context.current()
                .withValue(CREDENTIALS, credentials)
                .withValue(OPERATION, call.getMethodDescriptor().getBareMethodName());
        return Contexts.interceptCall(context, call, headers, next);
    }

    private static List<X509Certificate> certificates(@Nullable SSLSession session) {
        List<X509Certificate> certificates = new ArrayList<>();
        if (session != null) {
            try {
                for (Certificate each : session.getPeerCertificates()) {
                    if (each instanceof X509Certificate certificate) {
                        certificates.add(certificate);
                    }
                }
            } catch (SSLPeerUnverifiedException e) {
                // It has none.
            }
        }
        return certificates;
    }

    /** Answers one call; a failure becomes its status. */
    <T> void answer(StreamObserver<T> observer, Function<Caller, T> work) {
        later(observer, caller -> {
            T answer = work.apply(caller);
            if (!cancelled(observer)) {
                observer.onNext(answer);
                observer.onCompleted();
            }
        });
    }

    /** Runs something that answers by itself. */
    void later(StreamObserver<?> observer, java.util.function.Consumer<Caller> work) {
        Credentials credentials = CREDENTIALS.get();
        String operation = OPERATION.get();
        try {
            executor.execute(() -> {
                Caller caller = null;
                try {
                    if (credentials == null) {
                        throw new ProblemException(ProblemKind.UNAUTHENTICATED, "who is calling is not known");
                    }
                    caller = authenticator.authenticate(credentials);
                    work.accept(caller);
                } catch (RuntimeException | Error e) {
                    refused(caller, credentials, operation, e);
                    fail(observer, e);
                }
            });
        } catch (RejectedExecutionException e) {
            fail(
                    observer,
                    new ProblemException(ProblemKind.UNAVAILABLE, "the server is too busy or closing; try again"));
        }
    }

    private void refused(
            @Nullable Caller caller, @Nullable Credentials credentials, @Nullable String operation, Throwable failure) {
        ApiParts bound = parts;
        RefusedCalls refused = bound == null ? null : bound.refused();
        if (refused != null && credentials != null && failure instanceof ProblemException problem) {
            refused.failed(caller, credentials.address(), String.valueOf(operation), problem);
        }
    }

    static void fail(StreamObserver<?> observer, Throwable failure) {
        if (!cancelled(observer)) {
            observer.onError(GrpcErrors.of(failure));
        }
    }

    private static boolean cancelled(StreamObserver<?> observer) {
        return observer instanceof ServerCallStreamObserver<?> call && call.isCancelled();
    }

    @Override
    public void close() {
        executor.shutdown();
    }
}
