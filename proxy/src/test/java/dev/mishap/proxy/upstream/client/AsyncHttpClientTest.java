package dev.mishap.proxy.upstream.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.upstream.RawUpstream;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AsyncHttpClientTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    private final class Recorder implements AsyncHttpCallbacks {
        private final ClientFixture f;

        Recorder(ClientFixture f) {
            this.f = f;
        }

        @Override
        public void onResponse(int status, HeaderMap headers, ByteBuf borrowedBody) {
            f.events.add(status + " " + borrowedBody.toString(StandardCharsets.ISO_8859_1));
        }

        @Override
        public void onFailure(AsyncFailure failure) {
            f.events.add(failure.toString());
        }
    }

    private void send(ClientFixture f, String cluster, AsyncHttpRequest request) {
        f.loop.execute(() -> f.http.send(cluster, f.loop, request, new Recorder(f)));
    }

    private static RawUpstream.Script always(String answer, BlockingQueue<String> heads) {
        return peer -> {
            String head;
            while (!(head = peer.readHead()).isEmpty()) {
                heads.add(head);
                int at = head.indexOf("content-length: ");
                if (at >= 0) {
                    heads.add(peer.read(Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at)))));
                }
                peer.send(answer);
            }
        };
    }

    @Test
    void a_body_comes_whole() throws Exception {
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        String answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        try (RawUpstream up = new RawUpstream(always(answer, heads));
                ClientFixture f = new ClientFixture(up.port())) {
            AsyncHttpRequest request = AsyncHttpRequest.post("auth.local", "/check?x=1", new byte[] {'h', 'i'}, LONG);
            request.headers().add(HeaderName.CONTENT_LENGTH, "2");
            send(f, "u1", request);
            assertThat(f.next()).isEqualTo("200 abcde");
            assertThat(heads.take())
                    .startsWith(
                            "POST /check?x=1 HTTP/1.1\r\nhost: auth.local\r\ncontent-length: 2\r\nx-envoy-internal: true\r\n");
            assertThat(heads.take()).isEqualTo("hi");
            assertThat(f.stat("upstream_rq_total")).isEqualTo(1);
            assertThat(f.stat("internal.upstream_rq_200")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_2xx")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_active")).isZero();
        }
    }

    @Test
    void a_header_that_would_end_its_line_is_left_out() throws Exception {
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        try (RawUpstream up = new RawUpstream(always("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", heads));
                ClientFixture f = new ClientFixture(up.port())) {
            AsyncHttpRequest request = AsyncHttpRequest.get("a", "/", LONG);
            request.headers().add(HeaderName.of("x-claim"), "a\r\nx-evil: 1");
            request.headers().add(HeaderName.of("x-other"), "b");
            send(f, "u1", request);
            assertThat(f.next()).isEqualTo("200 ");
            assertThat(heads.take()).contains("\r\nx-other: b\r\n").doesNotContain("x-evil", "x-claim");
        }
    }

    @Test
    void the_body_of_an_answer_that_does_not_count_is_not_waited_for() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.send(
                            peer.ordinal == 0
                                    ? "HTTP/1.1 503 No\r\ncontent-length: 9\r\n\r\nthe rest"
                                    : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
                    peer.drain();
                });
                ClientFixture f = new ClientFixture(up.port())) {
            send(
                    f,
                    "u1",
                    AsyncHttpRequest.get("a", "/", LONG.multipliedBy(10))
                            .withRetries(new AsyncHttpRequest.Retries(1, 1_000_000, LONG.toNanos())));
            assertThat(f.next()).isEqualTo("200 ok");
            assertThat(f.stat("upstream_rq_completed")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_active")).isZero();
        }
    }

    @Test
    void a_response_past_the_limit_is_given_up() {
        String answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789";
        try (RawUpstream up = new RawUpstream(always(answer, new LinkedBlockingQueue<>()));
                ClientFixture f = new ClientFixture(up.port())) {
            send(f, "u1", AsyncHttpRequest.get("a", "/", LONG).withMaxResponseBytes(8));
            assertThat(f.next()).isEqualTo("RESPONSE_TOO_LARGE");
            send(f, "u1", AsyncHttpRequest.get("a", "/", LONG).withMaxResponseBytes(9));
            assertThat(f.next()).isEqualTo("200 123456789");
        }
    }

    @Test
    void retries_end_with_the_last_answer() {
        String answer = "HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\nno";
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        try (RawUpstream up = new RawUpstream(always(answer, heads));
                ClientFixture f = new ClientFixture(up.port())) {
            send(
                    f,
                    "u1",
                    AsyncHttpRequest.get("a", "/", LONG)
                            .withRetries(new AsyncHttpRequest.Retries(2, 1_000_000, LONG.toNanos())));
            assertThat(f.next()).isEqualTo("503 no");
            assertThat(heads).hasSize(3);
            assertThat(f.stat("upstream_rq_retry")).isEqualTo(2);
            assertThat(f.stat("upstream_rq_retry_limit_exceeded")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_completed")).isEqualTo(1); // what is tried again does not count
        }
    }

    @Test
    void a_try_that_succeeds_ends_the_retries() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    if (peer.ordinal < 2) {
                        peer.reset();
                    } else {
                        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
                    }
                });
                ClientFixture f = new ClientFixture(up.port())) {
            send(
                    f,
                    "u1",
                    AsyncHttpRequest.get("a", "/", LONG)
                            .withRetries(new AsyncHttpRequest.Retries(3, 1_000_000, LONG.toNanos())));
            assertThat(f.next()).isEqualTo("200 ok");
            assertThat(f.stat("upstream_rq_retry")).isEqualTo(2);
            assertThat(f.stat("upstream_rq_retry_success")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_retry_limit_exceeded")).isZero();
            assertThat(f.stat("upstream_rq_200")).isEqualTo(1);
        }
    }

    @Test
    void a_pause_ends_with_the_time_of_the_request() {
        String answer = "HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\nno";
        try (RawUpstream up = new RawUpstream(always(answer, new LinkedBlockingQueue<>()));
                ClientFixture f = new ClientFixture(up.port())) {
            long hours = Duration.ofHours(100).toNanos();
            send(
                    f,
                    "u1",
                    AsyncHttpRequest.get("a", "/", Duration.ofMillis(300))
                            .withRetries(new AsyncHttpRequest.Retries(1, hours, hours)));
            assertThat(f.next()).isEqualTo("TIMEOUT");
            assertThat(f.stat("upstream_rq_retry")).isZero();
            assertThat(f.stat("upstream_rq_timeout")).isZero();
        }
    }

    @Test
    void failures() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    if (peer.ordinal == 0) {
                        peer.drain();
                    } else {
                        peer.reset();
                    }
                });
                ClientFixture f = new ClientFixture(up.port())) {
            send(f, "other", AsyncHttpRequest.get("a", "/", LONG));
            assertThat(f.next()).isEqualTo("NO_CLUSTER");
            send(f, "u1", AsyncHttpRequest.get("a", "/", Duration.ofMillis(1)));
            assertThat(f.next()).isEqualTo("TIMEOUT");
            assertThat(f.stat("upstream_rq_timeout")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_504")).isEqualTo(1);
            send(f, "u1", AsyncHttpRequest.get("a", "/", LONG));
            assertThat(f.next()).isEqualTo("RESET");
        }
        try (ClientFixture f = new ClientFixture(1)) {
            send(f, "u1", AsyncHttpRequest.get("a", "/", LONG));
            assertThat(f.next()).isEqualTo("CONNECT");
        }
    }

    @Test
    void a_cancelled_request_tells_nothing() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    asked.countDown();
                    peer.drain();
                    closed.countDown();
                });
                ClientFixture f = new ClientFixture(up.port())) {
            @Nullable AsyncHttpCall[] call = new AsyncHttpCall[1];
            f.loop.submit(() -> {
                        call[0] = f.http.send("u1", f.loop, AsyncHttpRequest.get("a", "/", LONG), new Recorder(f));
                    })
                    .get();
            asked.await();
            f.loop.submit(() -> call[0].cancel()).get();
            closed.await();
            f.loop.submit(() -> {}).get();
            assertThat(f.events).isEmpty();
            assertThat(f.stat("upstream_rq_active")).isZero();
        }
    }
}
