package dev.mishap.proxy.filter.http.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.upstream.RawUpstream;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RouterFilterTest {
    private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    private static final String BAD = "HTTP/1.1 503 X\r\ncontent-length: 3\r\n\r\nbad";
    private static final String ALL = "[{match: {prefix: /}, route: {cluster: u1}}]";

    private static String retrying(String policy) {
        return "[{match: {prefix: /}, route: {cluster: u1, retry_policy: {retry_back_off: {base_interval: 0.001s}, "
                + policy + "}}}]";
    }

    private static RawUpstream.Script always(String answer) {
        return peer -> {
            while (!peer.readHead().isEmpty()) {
                peer.send(answer);
            }
        };
    }

    private static int freePort() throws IOException {
        try (ServerSocket s = new ServerSocket(0)) {
            return s.getLocalPort();
        }
    }

    @Test
    void forwards_and_tells_the_time_it_took() throws Exception {
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        try (RawUpstream up = new RawUpstream(peer -> {
                    String head;
                    while (!(head = peer.readHead()).isEmpty()) {
                        heads.add(head);
                        peer.send(OK);
                    }
                });
                RouterFixture f = RouterFixture.routes(ALL, up.port())) {
            assertThat(f.get("/a?b", "x-one: 1", "connection: x-two", "x-two: 2", "te: trailers, gzip"))
                    .startsWith("HTTP/1.1 200 OK\r\n")
                    .contains("\r\nx-envoy-upstream-service-time: ")
                    .endsWith("\r\n\r\nok");
            assertThat(heads.take())
                    .startsWith("GET /a?b HTTP/1.1\r\nhost: test.local\r\n")
                    .contains(
                            "\r\nx-one: 1\r\n", "\r\nte: trailers\r\n", "\r\nx-envoy-expected-rq-timeout-ms: 15000\r\n")
                    .doesNotContain("x-two", "connection");
            assertThat(f.log(1)).containsExactly("200 - via_upstream 1");
            f.await("cluster.u1.upstream_rq_200", 1);
            assertThat(f.stat("cluster.u1.external.upstream_rq_completed")).isEqualTo(1);
        }
    }

    @Test
    void an_unknown_cluster_is_answered() {
        try (RouterFixture f = new RouterFixture(
                "", "", "[{match: {prefix: /}, route: {cluster_header: x-c}}]", "", "[{name: u1, type: STATIC}]")) {
            assertThat(f.get("/", "x-c: nope")).startsWith("HTTP/1.1 503 ").contains("content-length: 0");
            assertThat(f.get("/")).startsWith("HTTP/1.1 503 ");
            assertThat(f.get("/", "x-c: u1")).startsWith("HTTP/1.1 503 ").endsWith("\r\n\r\nno healthy upstream");
            assertThat(f.log(3))
                    .containsExactly(
                            "503 NC cluster_not_found 0", "503 NC cluster_not_found 0", "503 UH no_healthy_upstream 1");
            assertThat(f.stat("http.ingress.no_cluster")).isEqualTo(2);
            assertThat(f.stat("cluster.u1.upstream_cx_none_healthy")).isEqualTo(1);
        }
    }

    @Test
    void a_refused_connection() throws Exception {
        try (RouterFixture f = RouterFixture.routes(ALL, freePort())) {
            assertThat(f.get("/"))
                    .startsWith("HTTP/1.1 503 ")
                    .endsWith("upstream connect error or disconnect/reset before headers."
                            + " reset reason: remote connection failure");
            assertThat(f.log(1))
                    .containsExactly("503 UF upstream_reset_before_response_started{remote_connection_failure"
                            + "|delayed_connect_error:_Connection_refused} 1");
        }
    }

    @Test
    void garbage_is_a_bad_gateway() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.send("what?\r\n\r\n");
                    peer.drain();
                });
                RouterFixture f = RouterFixture.routes(ALL, up.port())) {
            assertThat(f.get("/")).startsWith("HTTP/1.1 502 ").endsWith("reset reason: protocol error");
            assertThat(f.log(1)).containsExactly("502 UPE upstream_reset_before_response_started{protocol_error} 1");
        }
    }

    @Test
    void a_response_that_breaks_off_breaks_off_downstream() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
                    peer.reset();
                });
                RouterFixture f = RouterFixture.routes(ALL, up.port())) {
            String response = f.get("/");
            assertThat(response)
                    .startsWith("HTTP/1.1 200 ")
                    .contains("\r\n\r\n")
                    .doesNotContain("upstream connect error");
            assertThat(f.log(1)).containsExactly("200 UPE upstream_reset_after_response_started{protocol_error} 1");
        }
    }

    @Test
    void the_route_timeout_ends_a_silent_upstream() {
        try (RawUpstream up = new RawUpstream(RawUpstream.Peer::drain);
                RouterFixture f = RouterFixture.routes(
                        "[{match: {prefix: /}, route: {cluster: u1, timeout: 0.1s}}]", up.port())) {
            long start = System.nanoTime();
            assertThat(f.get("/")).startsWith("HTTP/1.1 504 ").endsWith("upstream request timeout");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(100_000_000L);
            assertThat(f.log(1)).containsExactly("504 UT response_timeout 1");
            f.await("cluster.u1.upstream_cx_destroy_local_with_active_rq", 1);
            assertThat(f.stat("cluster.u1.upstream_rq_timeout")).isEqualTo(1);
            assertThat(f.stat("cluster.u1.upstream_rq_active")).isZero();
        }
    }

    @Test
    void each_try_has_its_time() {
        try (RawUpstream up = new RawUpstream(RawUpstream.Peer::drain);
                RouterFixture f = RouterFixture.routes(
                        retrying("retry_on: 5xx, num_retries: 1, per_try_timeout: 0.05s"), up.port())) {
            long start = System.nanoTime();
            assertThat(f.get("/")).startsWith("HTTP/1.1 504 ").endsWith("upstream request timeout");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(100_000_000L);
            assertThat(f.log(1)).containsExactly("504 URX,UT upstream_per_try_timeout 2");
            assertThat(f.stat("cluster.u1.upstream_rq_per_try_timeout")).isEqualTo(2);
        }
    }

    @Test
    void a_failed_response_is_tried_again() {
        AtomicInteger n = new AtomicInteger();
        try (RawUpstream up = new RawUpstream(peer -> {
                    while (!peer.readHead().isEmpty()) {
                        peer.send(n.incrementAndGet() <= 2 ? BAD : OK);
                    }
                });
                RouterFixture f = new RouterFixture(
                        "",
                        "include_request_attempt_count: true, include_attempt_count_in_response: true,",
                        retrying("retry_on: 5xx, num_retries: 2"),
                        "",
                        "[" + RouterFixture.cluster("u1", "", up.port()) + "]")) {
            assertThat(f.get("/"))
                    .startsWith("HTTP/1.1 200 ")
                    .contains("\r\nx-envoy-attempt-count: 3\r\n")
                    .endsWith("ok");
            assertThat(f.log(1)).containsExactly("200 - via_upstream 3");
            assertThat(f.stat("cluster.u1.retry.upstream_rq_503")).isEqualTo(2);
            assertThat(f.stat("cluster.u1.upstream_rq_retry_success")).isEqualTo(1);
            assertThat(f.stat("cluster.u1.circuit_breakers.default.rq_retry_open"))
                    .isZero();
        }
    }

    @Test
    void what_a_route_makes_of_a_query_can_not_end_a_line() throws Exception {
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        String add = "{header: {key: x-q, value: '%QUERY_PARAM(q)%'}}";
        String routes = "[{match: {prefix: /up}, route: {cluster: u1}, request_headers_to_add: [" + add + "]},"
                + "{match: {prefix: /}, route: {cluster: u1}, response_headers_to_add: [" + add + "]}]";
        try (RawUpstream up = new RawUpstream(peer -> {
                    String head;
                    while (!(head = peer.readHead()).isEmpty()) {
                        heads.add(head);
                        peer.send(OK);
                    }
                });
                RouterFixture f = RouterFixture.routes(routes, up.port())) {
            assertThat(f.get("/up?q=a%09b")).startsWith("HTTP/1.1 200 ");
            assertThat(heads.take()).contains("\r\nx-q: a\tb\r\n");
            assertThat(f.get("/up?q=a%0d%0ax-evil:1"))
                    .startsWith("HTTP/1.1 503 ")
                    .endsWith("\r\n\r\ninvalid header value for: x-q");
            assertThat(f.get("/down?q=a%0d%0ax-evil:1"))
                    .startsWith("HTTP/1.1 200 ")
                    .doesNotContain("x-evil");
            assertThat(heads).hasSize(1);
            assertThat(f.log(3).get(1))
                    .isEqualTo("503 DPE filter_removed_required_request_headers{invalid_header_value_for:_x-q} 1");
        }
    }

    @Test
    void the_last_failure_is_passed_on() {
        try (RawUpstream up = new RawUpstream(always(BAD));
                RouterFixture f = RouterFixture.routes(retrying("retry_on: 5xx, num_retries: 1"), up.port())) {
            assertThat(f.get("/")).startsWith("HTTP/1.1 503 ").endsWith("bad");
            assertThat(f.log(1)).containsExactly("503 URX via_upstream 2");
            assertThat(f.stat("cluster.u1.upstream_rq_retry_limit_exceeded")).isEqualTo(1);
        }
    }

    @Test
    void a_body_is_sent_again() {
        AtomicInteger n = new AtomicInteger();
        BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    bodies.add(peer.read(5));
                    if (n.incrementAndGet() == 1) {
                        peer.reset();
                    } else {
                        peer.send(OK);
                        peer.drain();
                    }
                });
                RouterFixture f = RouterFixture.routes(retrying("retry_on: reset, num_retries: 1"), up.port());
                RouterFixture.Client c = f.client()) {
            c.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
            assertThat(c.response()).startsWith("HTTP/1.1 200 ");
            assertThat(bodies).containsExactly("hello", "hello");
        }
    }

    @Test
    void a_body_that_is_too_long_to_keep_is_sent_once() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.read(3 << 20);
                    peer.send(BAD);
                    peer.drain();
                });
                RouterFixture f = RouterFixture.routes(retrying("retry_on: 5xx, num_retries: 3"), up.port());
                RouterFixture.Client c = f.client()) {
            c.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: " + (3 << 20) + "\r\n\r\n" + "x".repeat(3 << 20));
            assertThat(c.response()).startsWith("HTTP/1.1 503 ").endsWith("bad");
            assertThat(f.stat("cluster.u1.retry_or_shadow_abandoned")).isEqualTo(1);
            assertThat(f.log(1)).containsExactly("503 - via_upstream 1");
        }
    }

    @Test
    void hosts_that_failed_are_shunned() throws Exception {
        int dead = freePort();
        try (RawUpstream up = new RawUpstream(always(OK));
                RouterFixture f = new RouterFixture(
                        "",
                        "",
                        retrying("retry_on: connect-failure, num_retries: 1, host_selection_retry_max_attempts: 5,"
                                + " retry_host_predicate: [{name: envoy.retry_host_predicates.previous_hosts, typed_config:"
                                + " {'@type': type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3"
                                + ".PreviousHostsPredicate}}]"),
                        "",
                        "[" + RouterFixture.cluster("u1", "", dead, up.port()) + "]")) {
            for (int i = 0; i < 6; i++) {
                assertThat(f.get("/")).startsWith("HTTP/1.1 200 ");
            }
            assertThat(f.stat("cluster.u1.upstream_cx_connect_fail")).isGreaterThanOrEqualTo(2);
        }
    }

    @Test
    void a_stalled_client_stops_the_upstream_and_gets_all_in_the_end() throws Exception {
        int size = 32 << 20;
        CountDownLatch sent = new CountDownLatch(1);
        byte[] chunk = "x".repeat(1 << 20).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        try (RawUpstream up = new RawUpstream(peer -> {
                    while (!peer.readHead().isEmpty()) {
                        peer.send("HTTP/1.1 200 OK\r\ncontent-length: " + size + "\r\n\r\n");
                        for (int i = 0; i < 32; i++) {
                            peer.socket.getOutputStream().write(chunk);
                        }
                        sent.countDown();
                    }
                });
                RouterFixture f = RouterFixture.routes(ALL, up.port());
                RouterFixture.Client c = f.client()) {
            c.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
            f.awaitAtLeast("cluster.u1.upstream_flow_control_paused_reading_total", 1);
            assertThat(sent.getCount()).isEqualTo(1);
            long n = 0;
            byte[] buffer = new byte[1 << 16];
            while (n < size) {
                int k = c.socket.getInputStream().read(buffer);
                assertThat(k).isPositive();
                n += k;
            }
            assertThat(sent.await(10, TimeUnit.SECONDS)).isTrue();
            f.log(1);
            // The connection went back to the pool able to read.
            c.socket.getInputStream().skipNBytes(c.socket.getInputStream().available());
            assertThat(f.stat("cluster.u1.upstream_rq_active")).isZero();
            assertThat(f.stat("cluster.u1.upstream_cx_active")).isEqualTo(1);
        }
    }

    @Test
    void a_stalled_upstream_stops_the_client() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        int size = 48 << 20;
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    await(go);
                    peer.socket.getInputStream().skipNBytes(size);
                    peer.send(OK);
                    peer.drain();
                });
                RouterFixture f = RouterFixture.routes(ALL, up.port());
                RouterFixture.Client c = f.client()) {
            CountDownLatch written = new CountDownLatch(1);
            Thread writer = new Thread(() -> {
                c.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: " + size + "\r\n\r\n");
                String part = "y".repeat(1 << 20);
                for (int i = 0; i < 48; i++) {
                    c.send(part);
                }
                written.countDown();
            });
            writer.start();
            f.awaitAtLeast("cluster.u1.upstream_flow_control_backed_up_total", 1);
            assertThat(written.getCount()).isEqualTo(1);
            go.countDown();
            assertThat(written.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(c.response()).startsWith("HTTP/1.1 200 ");
        }
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            if (!latch.await(10, TimeUnit.SECONDS)) {
                throw new IOException("never released");
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void a_client_that_leaves_takes_its_request_with_it() {
        try (RawUpstream up = new RawUpstream(RawUpstream.Peer::drain);
                RouterFixture f = RouterFixture.routes(ALL, up.port())) {
            try (RouterFixture.Client c = f.client()) {
                c.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
                f.await("cluster.u1.upstream_rq_active", 1);
            }
            f.await("cluster.u1.upstream_rq_active", 0);
            f.await("cluster.u1.upstream_cx_active", 0);
            assertThat(f.log(1)).containsExactly("0 DC downstream_remote_disconnect 1");
        }
    }

    @Test
    void a_copy_goes_to_the_mirror() throws Exception {
        BlockingQueue<String> copies = new LinkedBlockingQueue<>();
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.read(5);
                    peer.send(OK);
                    peer.drain();
                });
                RawUpstream mirror = new RawUpstream(peer -> {
                    copies.add(peer.readHead() + peer.read(5));
                    peer.send(BAD);
                    peer.drain();
                });
                RouterFixture f = new RouterFixture(
                        "",
                        "",
                        "[{match: {prefix: /}, route: {cluster: u1, request_mirror_policies: [{cluster: u2}]}}]",
                        "",
                        "[" + RouterFixture.cluster("u1", "", up.port()) + ", "
                                + RouterFixture.cluster("u2", "", mirror.port()) + "]");
                RouterFixture.Client c = f.client()) {
            c.send("POST /m HTTP/1.1\r\nhost: a.b:80\r\ncontent-length: 5\r\n\r\nhello");
            assertThat(c.response()).startsWith("HTTP/1.1 200 ").endsWith("ok");
            assertThat(copies.take())
                    .startsWith("POST /m HTTP/1.1\r\nhost: a.b-shadow:80\r\n")
                    .endsWith("\r\n\r\nhello");
            f.await("cluster.u2.internal.upstream_rq_503", 1);
            f.await("cluster.u2.upstream_rq_active", 0);
        }
    }

    @Test
    void headers_of_the_router_can_be_switched_off() {
        try (RawUpstream up = new RawUpstream(always(OK));
                RouterFixture f = new RouterFixture(
                        "",
                        "",
                        ALL,
                        "suppress_envoy_headers: true,",
                        "[" + RouterFixture.cluster("u1", "", up.port()) + "]")) {
            assertThat(f.get("/")).startsWith("HTTP/1.1 200 ").doesNotContain("x-envoy-upstream-service-time");
        }
    }

    @Test
    void a_malformed_header_of_ours_is_refused_when_asked() {
        try (RawUpstream up = new RawUpstream(always(OK));
                RouterFixture f = new RouterFixture(
                        "use_remote_address: true, internal_address_config: {cidr_ranges: [{address_prefix: 127.0.0.0,"
                                + " prefix_len: 8}]},",
                        "",
                        ALL,
                        "strict_check_headers: [x-envoy-max-retries, x-envoy-retry-on],",
                        "[" + RouterFixture.cluster("u1", "", up.port()) + "]")) {
            assertThat(f.get("/", "x-envoy-max-retries: many"))
                    .startsWith("HTTP/1.1 400 ")
                    .endsWith("invalid header 'x-envoy-max-retries' with value 'many'");
            assertThat(f.get("/", "x-envoy-retry-on: 5xx,reset")).startsWith("HTTP/1.1 200 ");
            assertThat(f.log(2).get(0)).startsWith("400 IH request_headers_failed_strict_check");
        }
    }
}
