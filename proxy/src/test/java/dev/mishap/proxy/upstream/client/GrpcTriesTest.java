package dev.mishap.proxy.upstream.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.RawUpstream;
import dev.mishap.proxy.upstream.RetryOn;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Calls of one message that are tried again; what makes a client's connection HTTP/2 is no matter here. */
class GrpcTriesTest {
    private static final String HEAD =
            "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ntransfer-encoding: chunked\r\n";

    private static void call(ClientFixture f, RetryOn on) {
        GrpcRetries retries = new GrpcRetries(Set.of(on), 2, 1_000_000, 1_000_000);
        GrpcService service = new GrpcService(
                "u1", "a", 10_000_000_000L, List.of(), new GrpcService.Options(0, false, 1, 1, retries));
        GrpcCallbacks told = new GrpcCallbacks() {
            @Override
            public void onInitialMetadata(HeaderMap metadata) {
                f.events.add("metadata");
            }

            @Override
            public void onMessage(byte[] message) {
                f.events.add("message of " + message.length);
            }

            @Override
            public void onClose(GrpcStatus status) {
                f.events.add("status " + status.code());
            }
        };
        f.loop.execute(() -> f.grpc.unary(service, "/s/m", f.loop, new ProtoWriter(), told));
    }

    @Test
    void a_try_without_a_response_is_followed_by_another() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    if (peer.ordinal == 0) {
                        peer.reset();
                    } else {
                        peer.send(HEAD + "trailer: grpc-status\r\n\r\n6\r\n\0\0\0\0\1x\r\n0\r\n\r\n");
                        peer.drain();
                    }
                });
                ClientFixture f = new ClientFixture(up.port())) {
            call(f, RetryOn.RESET);
            assertThat(f.next()).isEqualTo("metadata");
            assertThat(f.next()).isEqualTo("message of 1");
            assertThat(f.next()).startsWith("status ");
            assertThat(f.stat("upstream_rq_retry")).isEqualTo(1);
        }
    }

    @Test
    void a_response_that_was_told_is_not_asked_for_again() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.send(HEAD + "\r\n8\r\n\0\0\0\0\1x\0\0\r\n"); // and the half of a second message
                    if (peer.ordinal == 0) {
                        peer.read(5 + 1); // the request's body, in chunks
                    }
                });
                ClientFixture f = new ClientFixture(up.port())) {
            call(f, RetryOn.RESET);
            assertThat(f.next()).isEqualTo("metadata");
            assertThat(f.next()).isEqualTo("message of 1");
            assertThat(f.next()).isEqualTo("status 14");
            assertThat(f.stat("upstream_rq_retry")).isZero();
        }
    }
}
