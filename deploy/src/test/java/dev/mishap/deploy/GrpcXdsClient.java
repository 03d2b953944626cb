package dev.mishap.deploy;

import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;

/** grpc-java without a proxy: a client that a control plane tells where to call, and which faults to make on the way. One in a JVM. */
final class GrpcXdsClient implements AutoCloseable {
    private static final Metadata.Key<String> TIER = Metadata.Key.of("x-tier", Metadata.ASCII_STRING_MARSHALLER);

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

    private static final MethodDescriptor<byte[], byte[]> ECHO = MethodDescriptor.newBuilder(BYTES, BYTES)
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("echo/Echo")
            .build();

    private final ManagedChannel channel;

    /** @param bootstrap as {@code --print-bootstrap grpc} has it */
    GrpcXdsClient(String bootstrap, String target) {
        // What GRPC_XDS_BOOTSTRAP_CONFIG is for a process; it is read once.
        System.setProperty("io.grpc.xds.bootstrapConfig", bootstrap);
        channel = Grpc.newChannelBuilder("xds:///" + target, InsecureChannelCredentials.create())
                .build();
    }

    /** How a call ends. */
    Status.Code call(boolean canary) {
        Metadata headers = new Metadata();
        if (canary) {
            headers.put(TIER, "canary");
        }
        try {
            ClientCalls.blockingUnaryCall(
                    ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
                    ECHO,
                    io.grpc.CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS),
                    new byte[] {1});
            return Status.Code.OK;
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode();
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
