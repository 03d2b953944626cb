package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;

/** A server on a real socket with one layer, and clients of it. */
final class XdsFixture implements AutoCloseable {
    /** A type that no one knows, whose resources tell that everything before them has been handled. */
    static final String FENCE = TypeUrls.of("test.Fence");

    final ResourceLayer base = ResourceLayer.named("base");
    final XdsServer server;
    private final List<ManagedChannel> channels = new ArrayList<>();
    private int fences;

    XdsFixture() {
        this(Limits.DEFAULT, null);
    }

    XdsFixture(Limits limits, ViewProvider views) {
        ResourceView all = ResourceView.of(base);
        server = XdsServer.builder(views == null ? (node, peer) -> all : views)
                .limits(limits)
                .threads(2)
                .start();
    }

    ManagedChannel channel() {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
        channels.add(channel);
        return channel;
    }

    SotwClient sotw() {
        return new SotwClient(channel(), node("n1"));
    }

    DeltaClient delta() {
        return new DeltaClient(channel(), node("n1"));
    }

    /** The only stream that is connected. */
    ConnectedStream stream() {
        return server.fleet().streams().iterator().next();
    }

    TypeStatus status(String typeUrl) {
        return stream().types().stream()
                .filter(t -> t.typeUrl().equals(typeUrl))
                .findFirst()
                .orElseThrow();
    }

    static Node node(String id) {
        return Node.newBuilder().setId(id).setCluster("test").build();
    }

    static Resource resource(String typeUrl, String name, String content) {
        return Resource.of(typeUrl, name, ByteString.copyFromUtf8(content));
    }

    void put(String typeUrl, String name, String content) {
        base.update(new ViewUpdate().put(resource(typeUrl, name, content)));
    }

    void remove(String typeUrl, String name) {
        base.update(new ViewUpdate().remove(typeUrl, name));
    }

    /** A name of a fence that is there from now on. */
    String fence() {
        String name = "fence" + ++fences;
        put(FENCE, name, name);
        return name;
    }

    static void await(java.util.function.BooleanSupplier condition) {
        long limit = System.nanoTime() + java.util.concurrent.TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > limit) {
                throw new AssertionError("did not come true within 20 s");
            }
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        server.close();
    }
}
