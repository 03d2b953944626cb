package dev.mishap.deploy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** An xDS client that takes responses for what they are: bytes. */
final class DiscoveryClient implements AutoCloseable {
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

    private final ManagedChannel channel;

    DiscoveryClient(int port) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    }

    /**
     * The first answer to a node that asks for a type; in the incremental variant, where a server may answer for one name after the other,
     * all answers until so many resources have come.
     *
     * @param names none = all
     * @param count of the resources that are there, in the incremental variant
     * @param node how it calls itself
     * @return the version in the state of the world, and the resources as they are on the wire, sorted; in the incremental variant each
     *     with its name and version, in whatever order these stand around it
     */
    List<ByteString> ask(String node, boolean delta, String type, List<String> names, int count)
            throws InterruptedException {
        BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
        StreamObserver<byte[]> stream = ClientCalls.asyncBidiStreamingCall(
                channel.newCall(
                        MethodDescriptor.<byte[], byte[]>newBuilder()
                                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                                .setFullMethodName("envoy.service.discovery.v3.AggregatedDiscoveryService/"
                                        + (delta ? "DeltaAggregatedResources" : "StreamAggregatedResources"))
                                .setRequestMarshaller(BYTES)
                                .setResponseMarshaller(BYTES)
                                .build(),
                        CallOptions.DEFAULT),
                new StreamObserver<>() {
                    @Override
                    public void onNext(byte[] response) {
                        answers.add(response);
                    }

                    @Override
                    public void onError(Throwable t) {
                        answers.add(t);
                    }

                    @Override
                    public void onCompleted() {
                        answers.add(new IllegalStateException("the stream has ended"));
                    }
                });
        stream.onNext(request(node, delta, type, names));
        try {
            if (!delta) {
                return fields(next(answers), List.of(1, 2));
            }
            List<ByteString> resources = new ArrayList<>();
            do {
                byte[] response = next(answers);
                fields(response, List.of(2)).stream()
                        .map(resource -> ByteString.copyFrom(fields(resource.toByteArray(), List.of(1, 2, 3))))
                        .forEach(resources::add);
                stream.onNext(acknowledgement(type, fields(response, List.of(5)).get(0)));
            } while (resources.size() < count);
            resources.sort(ByteString.unsignedLexicographicalComparator());
            return resources;
        } finally {
            stream.onCompleted();
        }
    }

    private static byte[] next(BlockingQueue<Object> answers) throws InterruptedException {
        Object answer = answers.poll(30, TimeUnit.SECONDS);
        if (answer instanceof byte[] response) {
            return response;
        }
        throw new AssertionError("no answer within 30 s, but " + answer);
    }

    private static byte[] acknowledgement(String type, ByteString nonce) {
        try {
            ByteArrayOutputStream request = new ByteArrayOutputStream();
            CodedOutputStream out = CodedOutputStream.newInstance(request);
            out.writeString(2, type);
            out.writeBytes(6, nonce);
            out.flush();
            return request.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] request(String id, boolean delta, String type, List<String> names) {
        try {
            ByteArrayOutputStream node = new ByteArrayOutputStream();
            CodedOutputStream out = CodedOutputStream.newInstance(node);
            out.writeString(1, id);
            out.flush();
            ByteArrayOutputStream request = new ByteArrayOutputStream();
            out = CodedOutputStream.newInstance(request);
            out.writeByteArray(delta ? 1 : 2, node.toByteArray());
            out.writeString(delta ? 2 : 4, type);
            for (String name : names) {
                out.writeString(3, name);
            }
            out.flush();
            return request.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The contents of the fields with these numbers, sorted: a server may have no order. */
    private static List<ByteString> fields(byte[] message, List<Integer> numbers) {
        try {
            CodedInputStream in = CodedInputStream.newInstance(message);
            Stream.Builder<ByteString> found = Stream.builder();
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (numbers.contains(WireFormat.getTagFieldNumber(tag))) {
                    found.add(in.readBytes());
                } else {
                    in.skipField(tag);
                }
            }
            return found.build()
                    .sorted(ByteString.unsignedLexicographicalComparator())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
