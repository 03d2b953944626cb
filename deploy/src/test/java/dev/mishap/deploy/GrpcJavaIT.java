package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** grpc-java's client and server through a proxy: calls of each kind, deadlines, cancellation, faults. Envoy goes through the same. */
@Timeout(120)
class GrpcJavaIT {
    private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    private static final MethodDescriptor<byte[], byte[]> UNARY = method(MethodType.UNARY, "Unary");
    private static final MethodDescriptor<byte[], byte[]> STREAM = method(MethodType.BIDI_STREAMING, "Stream");
    private static final MethodDescriptor<byte[], byte[]> MANY = method(MethodType.SERVER_STREAMING, "Many");
    private static final MethodDescriptor<byte[], byte[]> NEVER = method(MethodType.UNARY, "Never");
    private static final MethodDescriptor<byte[], byte[]> FAILS = method(MethodType.UNARY, "Fails");

    private static MethodDescriptor<byte[], byte[]> method(MethodType type, String name) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(type)
                .setFullMethodName("test.Echo/" + name)
                .setRequestMarshaller(BYTES)
                .setResponseMarshaller(BYTES)
                .build();
    }

    private final CountDownLatch cancelled = new CountDownLatch(1);

    private final BindableService service = () -> ServerServiceDefinition.builder("test.Echo")
            .addMethod(UNARY, ServerCalls.asyncUnaryCall((request, answer) -> {
                answer.onNext(request);
                answer.onCompleted();
            }))
            .addMethod(STREAM, ServerCalls.asyncBidiStreamingCall(GrpcJavaIT::echo))
            .addMethod(MANY, ServerCalls.asyncServerStreamingCall((request, answer) -> {
                for (int i = 0; i < 500; i++) {
                    answer.onNext((new String(request, StandardCharsets.UTF_8) + i).getBytes(StandardCharsets.UTF_8));
                }
                answer.onCompleted();
            }))
            .addMethod(
                    NEVER,
                    ServerCalls.asyncUnaryCall((request, answer) ->
                            io.grpc.Context.current().addListener(context -> cancelled.countDown(), Runnable::run)))
            .addMethod(
                    FAILS,
                    ServerCalls.asyncUnaryCall((request, answer) -> answer.onError(Status.FAILED_PRECONDITION
                            .withDescription("the service's own words")
                            .asRuntimeException())))
            .build();

    private static StreamObserver<byte[]> echo(StreamObserver<byte[]> answer) {
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] value) {
                answer.onNext(value);
            }

            @Override
            public void onError(Throwable t) {
                // The client gave up.
            }

            @Override
            public void onCompleted() {
                answer.onCompleted();
            }
        };
    }

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void callsOfEachKind(ProxyProcess.Kind kind) throws Exception {
        kind.need();
        int listener = ProxyProcess.freePort();
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(service)
                .build()
                .start();
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", listener)
                .usePlaintext()
                .maxInboundMessageSize(8 << 20)
                .build();
        String configuration = GrpcIT.CONFIGURATION
                .replace("${listener}", Integer.toString(listener))
                .replace("${upstream}", Integer.toString(server.getPort()));
        try (ProxyProcess proxy = new ProxyProcess(kind, directory, configuration)) {
            byte[] large = new byte[3 << 20];
            new Random(1).nextBytes(large);
            assertThat(unary(channel, UNARY, CallOptions.DEFAULT, large)).isEqualTo(large);
            serverStream(channel);
            bothWays(channel);
            assertThatThrownBy(() -> unary(channel, FAILS, CallOptions.DEFAULT, new byte[1]))
                    .isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
                        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
                        assertThat(e.getStatus().getDescription()).isEqualTo("the service's own words");
                    });
            deadline(channel);
            fault(channel);
            channel.shutdown();
            Sidecar.await(() -> proxy.stat("cluster.u.upstream_rq_active") == 0);
            assertThat(proxy.stat("http.t.downstream_rq_active")).isZero();
            if (kind == ProxyProcess.Kind.MISHAP) {
                assertThat(proxy.leaks()).isEmpty();
            }
        } finally {
            channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
            server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        }
    }

    private static byte[] unary(
            Channel channel, MethodDescriptor<byte[], byte[]> method, CallOptions options, byte[] request) {
        return ClientCalls.blockingUnaryCall(channel, method, options, request);
    }

    private static void serverStream(Channel channel) {
        Iterator<byte[]> answers = ClientCalls.blockingServerStreamingCall(
                channel, MANY, CallOptions.DEFAULT, "n".getBytes(StandardCharsets.UTF_8));
        int n = 0;
        while (answers.hasNext()) {
            assertThat(new String(answers.next(), StandardCharsets.UTF_8)).isEqualTo("n" + n++);
        }
        assertThat(n).isEqualTo(500);
    }

    private static void bothWays(Channel channel) throws Exception {
        CompletableFuture<List<String>> all = new CompletableFuture<>();
        List<String> got = new ArrayList<>();
        StreamObserver<byte[]> requests = ClientCalls.asyncBidiStreamingCall(
                channel.newCall(STREAM, CallOptions.DEFAULT), new StreamObserver<>() {
                    @Override
                    public void onNext(byte[] value) {
                        got.add(new String(value, StandardCharsets.UTF_8));
                    }

                    @Override
                    public void onError(Throwable t) {
                        all.completeExceptionally(t);
                    }

                    @Override
                    public void onCompleted() {
                        all.complete(got);
                    }
                });
        for (int i = 0; i < 100; i++) {
            requests.onNext(("m" + i).getBytes(StandardCharsets.UTF_8));
        }
        requests.onCompleted();
        List<String> answers = all.get(30, TimeUnit.SECONDS);
        assertThat(answers).hasSize(100).endsWith("m99");
    }

    /** The client's deadline ends the call at the service, too. */
    private void deadline(Channel channel) throws InterruptedException {
        assertThatThrownBy(() -> unary(
                        channel, NEVER, CallOptions.DEFAULT.withDeadlineAfter(300, TimeUnit.MILLISECONDS), new byte[1]))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
        assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
    }

    private static void fault(Channel channel) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("x-envoy-fault-abort-grpc-request", Metadata.ASCII_STRING_MARSHALLER), "8");
        Channel faulted = ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
        assertThatThrownBy(() -> unary(faulted, UNARY, CallOptions.DEFAULT, new byte[1]))
                .isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
                    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                    assertThat(e.getStatus().getDescription()).isEqualTo("fault filter abort");
                });
    }
}
