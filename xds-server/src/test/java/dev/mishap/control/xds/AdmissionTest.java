package dev.mishap.control.xds;

import static dev.mishap.control.xds.TypeUrls.CLUSTER;
import static dev.mishap.control.xds.TypeUrls.ENDPOINT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Who is let in, and what one client may take. */
class AdmissionTest {
    private static Limits limits(int messageBytes, int streams, int perPeer, int perNode, int names, int types) {
        return new Limits(
                messageBytes, streams, perPeer, perNode, names, types, Duration.ofSeconds(30), Duration.ofSeconds(5));
    }

    @Test
    void aNodeThatMayNotBeHereIsTold() {
        try (XdsFixture fixture = new XdsFixture(Limits.DEFAULT, (node, peer) -> {
            assertThat(peer.host()).isEqualTo("127.0.0.1");
            throw new AccessDeniedException(node.id() + " is not yours");
        })) {
            SotwClient client = fixture.sotw();
            client.subscribe(CLUSTER);
            Status end = client.end();
            assertThat(end.getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
            assertThat(end.getDescription()).isEqualTo("n1 is not yours");
            assertThat(fixture.server.fleet().size()).isZero();
        }
    }

    @Test
    void streamsOfANodeAreCounted() {
        try (XdsFixture fixture = new XdsFixture(limits(1 << 20, 10, 10, 1, 10, 10), null)) {
            SotwClient first = fixture.sotw();
            first.subscribe(CLUSTER);
            first.next(CLUSTER);
            SotwClient second = fixture.sotw();
            second.subscribe(CLUSTER);
            assertThat(second.end().getDescription()).isEqualTo("node n1 has 1 streams already");
            first.close();
            first.end();
            SotwClient third = fixture.sotw();
            third.subscribe(CLUSTER);
            third.next(CLUSTER);
        }
    }

    @Test
    void streamsOfAPeerAreCounted() {
        try (XdsFixture fixture = new XdsFixture(limits(1 << 20, 10, 2, 10, 10, 10), null)) {
            for (int i = 0; i < 2; i++) {
                SotwClient client = fixture.sotw();
                client.subscribe(CLUSTER);
                client.next(CLUSTER);
            }
            SotwClient third = fixture.sotw();
            third.subscribe(CLUSTER);
            assertThat(third.end().getDescription()).isEqualTo("127.0.0.1 has 2 streams already");
        }
    }

    @Test
    void namesAndTypesOfAStreamAreCounted() {
        try (XdsFixture fixture = new XdsFixture(limits(1 << 20, 10, 10, 10, 3, 2), null)) {
            DeltaClient names = fixture.delta();
            names.subscribe(ENDPOINT, "a", "b", "c");
            names.next(ENDPOINT);
            names.subscribe(ENDPOINT, "d");
            assertThat(names.end().getDescription()).contains("more than 3 names");
            SotwClient request = fixture.sotw();
            request.subscribe(ENDPOINT, "a", "b", "c", "d");
            assertThat(request.end().getDescription()).contains("more than 3 names in one request");
            SotwClient types = fixture.sotw();
            types.subscribe("t1", "x");
            types.subscribe("t2", "x");
            types.subscribe("t3", "x");
            assertThat(types.end().getDescription()).contains("more than 2 types");
            XdsFixture.await(() -> fixture.server.fleet().size() == 0);
        }
    }

    @Test
    void aStreamThatSaysNothingEnds() {
        Limits limits = new Limits(1 << 20, 10, 10, 10, 10, 10, Duration.ofMillis(50), Duration.ofSeconds(5));
        try (XdsFixture fixture = new XdsFixture(limits, null)) {
            assertThat(fixture.sotw().end().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        }
    }

    /** Bytes that are no requests end their stream, with a word about it, and no other. */
    @Test
    void garbageEndsItsStreamOnly() throws Exception {
        try (XdsFixture fixture = new XdsFixture(limits(4096, 200, 200, 200, 100, 10), null)) {
            SotwClient good = fixture.sotw();
            good.subscribe(CLUSTER);
            good.ack(good.next(CLUSTER));
            ManagedChannel channel = fixture.channel();
            Random random = new Random(7);
            for (int i = 0; i < 100; i++) {
                byte[] garbage = new byte[1 + random.nextInt(300)];
                random.nextBytes(garbage);
                garbage[0] = (byte) (random.nextBoolean() ? 0x12 : 0x1a);
                send(channel, XdsMethods.ALL.get(i % 2), garbage);
            }
            Status tooLarge =
                    send(channel, XdsMethods.ALL.get(0), new byte[5000]).get(20, TimeUnit.SECONDS);
            assertThat(tooLarge.isOk()).isFalse();
            Status noNode = send(channel, XdsMethods.ALL.get(0), new byte[] {0x12, 2, 0x0a, 9})
                    .get(20, TimeUnit.SECONDS);
            assertThat(noNode.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(noNode.getDescription()).contains("node");
            fixture.put(CLUSTER, "a", "1");
            assertThat(good.next(CLUSTER).getResourcesCount()).isEqualTo(1);
        }
    }

    private static CompletableFuture<Status> send(ManagedChannel channel, XdsMethods.Method method, byte[] bytes) {
        MethodDescriptor.Marshaller<byte[]> raw = new MethodDescriptor.Marshaller<>() {
            @Override
            public InputStream stream(byte[] value) {
                return new ByteArrayInputStream(value);
            }

            @Override
            public byte[] parse(InputStream stream) {
                return new byte[0];
            }
        };
        CompletableFuture<Status> end = new CompletableFuture<>();
        StreamObserver<byte[]> requests = ClientCalls.asyncBidiStreamingCall(
                channel.newCall(method.descriptor().toBuilder(raw, raw).build(), CallOptions.DEFAULT),
                new StreamObserver<>() {
                    @Override
                    public void onNext(byte[] value) {
                        // It was a request after all.
                    }

                    @Override
                    public void onError(Throwable t) {
                        end.complete(Status.fromThrowable(t));
                    }

                    @Override
                    public void onCompleted() {
                        end.complete(Status.OK);
                    }
                });
        requests.onNext(bytes);
        return end;
    }

    /** A client that asks for much and reads nothing costs the server no more than one response of each type. */
    @Test
    void aClientThatDoesNotReadIsNotSentMore() throws InterruptedException {
        try (XdsFixture fixture = new XdsFixture()) {
            String large = "x".repeat(200_000);
            SlowClient slow = new SlowClient(fixture.channel());
            fixture.put(CLUSTER, "a", large + 0);
            slow.subscribe();
            XdsFixture.await(() -> fixture.server.fleet().size() == 1
                    && fixture.status(CLUSTER).state() == TypeStatus.State.SENT);
            for (int i = 1; i <= 100; i++) {
                fixture.put(CLUSTER, "a", large + i);
            }
            fixture.put(CLUSTER, "a", "last");
            List<String> seen = new ArrayList<>(slow.readAll(2));
            assertThat(seen).hasSize(2);
            assertThat(seen.get(1)).isEqualTo("last");
        }
    }

    @Test
    void aNodeKeepsAllThatItSaid() throws Exception {
        io.envoyproxy.envoy.config.core.v3.Node node = XdsFixture.node("n").toBuilder()
                .addExtensions(io.envoyproxy.envoy.config.core.v3.Extension.newBuilder()
                        .setName("envoy.filters.http.fault")
                        .addTypeUrls("envoy.extensions.filters.http.fault.v3.HTTPFault"))
                .setUserAgentName("envoy")
                .addClientFeatures("xds.config.resource-in-sotw")
                .build();
        NodeReader reader = new NodeReader();
        NodeInfo info = reader.read(node.toByteString());
        assertThat(info.toNode()).isEqualTo(node);
        assertThat(info.extensions()).containsExactly("envoy.filters.http.fault");
        assertThat(info.extensionTypes()).containsExactly("envoy.extensions.filters.http.fault.v3.HTTPFault");
        assertThat(info.toSmallNode().getExtensionsCount()).isZero();
        NodeInfo other = reader.read(node.toBuilder().setId("m").build().toByteString());
        assertThat(other.extensions()).isSameAs(info.extensions());
        assertThat(other).isNotEqualTo(info);
        assertThat(reader.read(ByteString.EMPTY).id()).isEmpty();
    }
}
