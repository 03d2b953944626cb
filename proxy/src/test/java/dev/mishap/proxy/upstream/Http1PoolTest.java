package dev.mishap.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.CircuitBreakerConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.upstream.RawUpstream.Script;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Http1PoolTest {
    private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    /** Answers each request without a body with the same bytes. */
    private static Script always(String answer) {
        return peer -> {
            while (!peer.readHead().isEmpty()) {
                peer.send(answer);
            }
        };
    }

    @Test
    void a_connection_is_used_again() {
        try (RawUpstream up = new RawUpstream(always(OK));
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            for (int i = 0; i < 3; i++) {
                UpstreamFixture.Request r = f.get();
                assertThat(r.untilEnd()).isEqualTo("ready, headers 200, body end");
                assertThat(r.body).hasToString("ok");
            }
            assertThat(up.connections()).isEqualTo(1);
            assertThat(f.stat("upstream_cx_total")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_total")).isEqualTo(3);
            assertThat(f.stat("upstream_rq_active")).isZero();
            assertThat(f.stat("upstream_rq_pending_total")).isEqualTo(1);
        }
    }

    @Test
    void the_request_goes_out_as_http_1() throws Exception {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        try (RawUpstream up = new RawUpstream(peer -> {
                    String head;
                    while (!(head = peer.readHead()).isEmpty()) {
                        seen.add(head);
                        if (head.contains("chunked")) {
                            seen.add(peer.read("3\r\nabc\r\n0\r\n\r\n".length()));
                        }
                        peer.send(OK);
                    }
                });
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            f.get().untilEnd();
            assertThat(seen.take()).isEqualTo("GET /p HTTP/1.1\r\nhost: h\r\n\r\n");
            f.new Request("POST", "abc", true).start().untilEnd();
            assertThat(seen.take()).isEqualTo("POST /p HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n");
            assertThat(seen.take()).isEqualTo("3\r\nabc\r\n0\r\n\r\n");
            UpstreamFixture.Request sized = f.new Request("POST", "", true);
            sized.headers.add(HeaderName.of("x-a"), "1");
            sized.start().untilEnd();
            assertThat(seen.take()).isEqualTo("POST /p HTTP/1.1\r\nhost: h\r\nx-a: 1\r\ncontent-length: 0\r\n\r\n");
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "no status line|banner of something\\n|reset PROTOCOL_ERROR",
                "two lengths|HTTP/1.1 200 X\\r\\ncontent-length: 1\\r\\ncontent-length: 2\\r\\n\\r\\n|reset PROTOCOL_ERROR",
                "bad chunk|HTTP/1.1 200 X\\r\\ntransfer-encoding: chunked\\r\\n\\r\\nzz\\r\\n|headers 200, reset PROTOCOL_ERROR",
                "closed at once||reset CONNECTION_TERMINATION",
                "closed in the body|HTTP/1.1 200 X\\r\\ncontent-length: 9\\r\\n\\r\\nab|headers 200, reset PROTOCOL_ERROR",
                "until close|HTTP/1.1 200 X\\r\\n\\r\\nab|headers 200, body end",
                "no body|HTTP/1.1 204 X\\r\\n\\r\\n|headers 204 end",
                "early hints|HTTP/1.1 103 X\\r\\n\\r\\nHTTP/1.1 200 X\\r\\ncontent-length: 0\\r\\n\\r\\n|informational 103, headers 200 end",
            })
    void answers(String name, String answer, String events) {
        String bytes = answer == null ? "" : answer.replace("\\r", "\r").replace("\\n", "\n");
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.send(bytes);
                });
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            assertThat(f.get().untilEnd()).isEqualTo("ready, " + events);
            f.await("upstream_cx_active", 0);
            assertThat(f.stat("upstream_rq_active")).isZero();
            assertThat(f.stat("upstream_cx_destroy")).isEqualTo(1);
            assertThat(f.stat("upstream_cx_protocol_error")).isEqualTo(events.contains("PROTOCOL") ? 1 : 0);
        }
    }

    @Test
    void a_reset_is_a_connection_termination() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.reset();
                });
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            assertThat(f.get().untilEnd()).isEqualTo("ready, reset CONNECTION_TERMINATION");
            assertThat(f.stat("upstream_cx_destroy_remote_with_active_rq")).isEqualTo(1);
        }
    }

    @Test
    void the_breaker_of_pools_counts_pools_that_hold_something() {
        CircuitBreakerConfig none = new CircuitBreakerConfig(10, 10, 10, 3, -1, 3, false, 0, Long.MAX_VALUE);
        CircuitBreakerConfig one = new CircuitBreakerConfig(10, 10, 10, 3, -1, 3, true, 1, Long.MAX_VALUE);
        try (RawUpstream up = new RawUpstream(always(OK));
                UpstreamFixture refused = new UpstreamFixture(up.port(), none, UpstreamHttpConfig.DEFAULT, 5_000);
                UpstreamFixture f = new UpstreamFixture(up.port(), one, UpstreamHttpConfig.DEFAULT, 5_000)) {
            assertThat(refused.get().next()).contains("NO_CONNECTION_POOL");
            assertThat(refused.stat("upstream_cx_pool_overflow")).isEqualTo(1);
            assertThat(f.get().untilEnd()).isEqualTo("ready, headers 200, body end");
            assertThat(f.stat("circuit_breakers.default.cx_pool_open")).isEqualTo(1);
            assertThat(f.get().untilEnd()).isEqualTo("ready, headers 200, body end");
            f.run(() -> {
                f.upstreams.forget(f.cluster); // closes what is idle
                return true;
            });
            assertThat(f.run(() -> f.stat("circuit_breakers.default.remaining_cx_pools")))
                    .isEqualTo(1);
            assertThat(f.stat("circuit_breakers.default.cx_pool_open")).isZero();
        }
    }

    @Test
    void an_endpoint_may_have_a_limit_of_its_own() {
        CircuitBreakerConfig limits = new CircuitBreakerConfig(10, 10, 10, 3, -1, 3, false, Long.MAX_VALUE, 1);
        try (RawUpstream up = new RawUpstream(always(OK));
                UpstreamFixture f = new UpstreamFixture(up.port(), limits, UpstreamHttpConfig.DEFAULT, 5_000)) {
            UpstreamFixture.Request first = f.get();
            UpstreamFixture.Request second = f.get();
            assertThat(first.untilEnd()).isEqualTo("ready, headers 200, body end");
            assertThat(second.untilEnd()).isEqualTo("ready, headers 200, body end");
            assertThat(f.stat("upstream_cx_total")).isEqualTo(1);
        }
    }

    @Test
    void who_is_told_of_a_failed_connection_takes_the_request_of_another_back() throws Exception {
        int port;
        try (ServerSocket s = new ServerSocket(0)) {
            port = s.getLocalPort();
        }
        try (UpstreamFixture f = new UpstreamFixture(port)) {
            UpstreamFixture.Request second = f.new Request("GET", "", true);
            UpstreamFixture.Request first = f.new Request("GET", "", true) {
                @Override
                public void onPoolFailure(ResetReason reason, String transportFailure) {
                    f.upstreams
                            .on(f.loop)
                            .pools(f.cluster)
                            .cancel(Objects.requireNonNull(second.endpoint), RequestPriority.DEFAULT, second);
                    super.onPoolFailure(reason, transportFailure);
                }
            };
            f.run(() -> {
                first.start();
                second.start();
                return true;
            });
            assertThat(first.next()).startsWith("failed REMOTE_CONNECTION_FAILURE");
            f.await("upstream_rq_cancelled", 1);
            f.await("upstream_rq_pending_active", 0);
            assertThat(f.stat("upstream_rq_pending_failure_eject")).isEqualTo(1);
            assertThat(second.events).isEmpty();
        }
    }

    @Test
    void a_refused_connection_fails_all_that_wait() throws Exception {
        int port;
        try (ServerSocket s = new ServerSocket(0)) {
            port = s.getLocalPort();
        }
        try (UpstreamFixture f = new UpstreamFixture(port)) {
            assertThat(f.get().untilEnd())
                    .isEqualTo("failed REMOTE_CONNECTION_FAILURE delayed_connect_error:_Connection_refused");
            assertThat(f.stat("upstream_cx_connect_fail")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_pending_failure_eject")).isEqualTo(1);
            assertThat(f.stat("upstream_cx_active")).isZero();
            assertThat(f.stat("upstream_rq_total")).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_connection_that_was_gone_before_it_was_known_what_it_speaks_is_forgotten(boolean http2) {
        try (UpstreamFixture f = new UpstreamFixture(1)) {
            f.run(() -> {
                Endpoint endpoint = Objects.requireNonNull(
                        f.upstreams.on(f.loop).pools(f.cluster).pick());
                Connector connector = new Connector(f.loop, f.cluster, new OpenLinks(() -> UpstreamGate.OPEN));
                ResourceLimits limits = f.cluster.limits(RequestPriority.DEFAULT);
                HttpPool<?> pool = http2
                        ? new Http2Pool(f.cluster, endpoint, limits, connector)
                        : new Http1Pool(f.cluster, endpoint, limits, connector);
                EmbeddedChannel gone = new EmbeddedChannel();
                gone.close();
                pool.adopt(gone);
                gone.runPendingTasks();
                assertThat(pool.isEmpty()).isTrue();
                assertThat(f.stat("upstream_cx_active")).isZero();
                assertThat(f.stat("upstream_cx_destroy")).isEqualTo(1);
                return true;
            });
        }
    }

    @Test
    void connection_close_is_honoured() {
        try (RawUpstream up =
                        new RawUpstream(always("HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"));
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            assertThat(f.get().untilEnd()).isEqualTo("ready, headers 200 end");
            assertThat(f.get().untilEnd()).isEqualTo("ready, headers 200 end");
            f.await("upstream_cx_active", 0);
            assertThat(f.stat("upstream_cx_close_notify")).isEqualTo(2);
            assertThat(up.connections()).isEqualTo(2);
        }
    }

    @Test
    void bytes_that_nobody_asked_for_end_the_connection() {
        try (RawUpstream up = new RawUpstream(always(OK + OK));
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            UpstreamFixture.Request r = f.get();
            assertThat(r.untilEnd()).isEqualTo("ready, headers 200, body end");
            assertThat(r.body).hasToString("ok");
            f.await("upstream_cx_active", 0);
            assertThat(f.stat("upstream_cx_protocol_error")).isEqualTo(1);
            assertThat(f.get().untilEnd()).isEqualTo("ready, headers 200, body end");
        }
    }

    @Test
    void an_idle_connection_that_the_upstream_closes_is_not_used_again() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.send(OK);
                });
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            for (int i = 1; i <= 3; i++) {
                assertThat(f.get().untilEnd()).isEqualTo("ready, headers 200, body end");
                f.await("upstream_cx_destroy_remote", i);
            }
            assertThat(f.stat("upstream_cx_destroy_with_active_rq")).isZero();
        }
    }

    @Test
    void a_response_before_the_request_is_complete_costs_the_connection() {
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    peer.send(OK);
                    peer.drain();
                });
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            UpstreamFixture.Request r = f.new Request("POST", "abc", false).start();
            assertThat(r.untilEnd()).isEqualTo("ready, headers 200, body end");
            f.await("upstream_cx_destroy_local_with_active_rq", 1);
            r.on(s -> s.sendData(UpstreamFixture.bytes("late"), true)); // must be dropped, not leak
            assertThat(f.stat("upstream_rq_active")).isZero();
        }
    }

    @Test
    void the_circuit_breaker_limits_connections_and_waiters() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        CircuitBreakerConfig limits = new CircuitBreakerConfig(1, 1, 10, 3, -1, 3, true);
        try (RawUpstream up = new RawUpstream(peer -> {
                    while (!peer.readHead().isEmpty()) {
                        await(release);
                        peer.send(OK);
                    }
                });
                UpstreamFixture f = new UpstreamFixture(up.port(), limits, UpstreamHttpConfig.DEFAULT, 5_000)) {
            UpstreamFixture.Request first = f.get();
            assertThat(first.next()).isEqualTo("ready");
            UpstreamFixture.Request second = f.get();
            UpstreamFixture.Request third = f.get();
            assertThat(third.next()).isEqualTo("failed OVERFLOW");
            assertThat(f.stat("upstream_rq_pending_overflow")).isEqualTo(1);
            assertThat(f.stat("upstream_cx_overflow")).isEqualTo(1);
            assertThat(f.stat("circuit_breakers.default.cx_open")).isEqualTo(1);
            assertThat(f.stat("circuit_breakers.default.rq_pending_open")).isEqualTo(1);
            assertThat(f.stat("circuit_breakers.default.remaining_cx")).isZero();
            release.countDown();
            assertThat(first.untilEnd()).isEqualTo("headers 200, body end");
            assertThat(second.untilEnd()).isEqualTo("ready, headers 200, body end");
            assertThat(f.stat("circuit_breakers.default.rq_pending_open")).isZero();
            assertThat(up.connections()).isEqualTo(1);
        }
    }

    @Test
    void the_circuit_breaker_limits_requests() {
        CountDownLatch release = new CountDownLatch(1);
        CircuitBreakerConfig limits = new CircuitBreakerConfig(10, 10, 1, 3, -1, 3, false);
        try (RawUpstream up = new RawUpstream(peer -> {
                    while (!peer.readHead().isEmpty()) {
                        await(release);
                        peer.send(OK);
                    }
                });
                UpstreamFixture f = new UpstreamFixture(up.port(), limits, UpstreamHttpConfig.DEFAULT, 5_000)) {
            UpstreamFixture.Request first = f.get();
            assertThat(first.next()).isEqualTo("ready");
            assertThat(f.get().next()).isEqualTo("failed OVERFLOW");
            assertThat(f.stat("upstream_rq_active_overflow")).isEqualTo(1);
            release.countDown();
            assertThat(first.untilEnd()).isEqualTo("headers 200, body end");
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
    void a_connection_takes_as_many_requests_as_it_may() {
        UpstreamHttpConfig two = new UpstreamHttpConfig(0, 0, 0, 2, 100, 60 * 1024, UpstreamHttpConfig.Http1.DEFAULT);
        try (RawUpstream up = new RawUpstream(always(OK));
                UpstreamFixture f = new UpstreamFixture(up.port(), CircuitBreakerConfig.DEFAULT, two, 5_000)) {
            for (int i = 0; i < 5; i++) {
                assertThat(f.get().untilEnd()).isEqualTo("ready, headers 200, body end");
            }
            f.await("upstream_cx_active", 1);
            assertThat(f.stat("upstream_cx_max_requests")).isEqualTo(2);
            assertThat(up.connections()).isEqualTo(3);
        }
    }

    @Test
    void an_idle_connection_is_closed_after_its_time() {
        UpstreamHttpConfig brief =
                new UpstreamHttpConfig(50_000_000L, 0, 0, 0, 100, 60 * 1024, UpstreamHttpConfig.Http1.DEFAULT);
        try (RawUpstream up = new RawUpstream(always(OK));
                UpstreamFixture f = new UpstreamFixture(up.port(), CircuitBreakerConfig.DEFAULT, brief, 5_000)) {
            long start = System.nanoTime();
            f.get().untilEnd();
            f.await("upstream_cx_idle_timeout", 1);
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(50_000_000L);
            f.await("upstream_cx_active", 0);
        }
    }

    @Test
    void a_paused_response_is_not_read_and_the_connection_reads_again_afterwards() {
        String big = "x".repeat(8 << 20);
        try (RawUpstream up = new RawUpstream(
                        always("HTTP/1.1 200 X\r\ncontent-length: " + big.length() + "\r\n\r\n" + big));
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            UpstreamFixture.Request r = f.new Request("GET", "", true) {
                @Override
                public void onHeaders(dev.mishap.proxy.http.HeaderMap received, boolean endStream) {
                    UpstreamStream s = stream;
                    if (s != null) {
                        s.pauseReads();
                    }
                    super.onHeaders(received, endStream);
                }
            };
            r.start();
            assertThat(r.next()).isEqualTo("ready");
            assertThat(r.next()).isEqualTo("headers 200");
            int held = f.run(r.body::length);
            assertThat(held).isLessThan(big.length());
            r.on(UpstreamStream::resumeReads);
            assertThat(r.untilEnd()).isEqualTo("body end");
            assertThat(r.body).hasSize(big.length());
            assertThat(f.get().untilEnd()).isEqualTo("ready, headers 200, body end");
            assertThat(up.connections()).isEqualTo(1);
            assertThat(f.stat("upstream_flow_control_paused_reading_total")).isEqualTo(1);
        }
    }

    @Test
    void a_full_connection_says_so() {
        CountDownLatch read = new CountDownLatch(1);
        try (RawUpstream up = new RawUpstream(peer -> {
                    peer.readHead();
                    await(read);
                    peer.drain();
                });
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            UpstreamFixture.Request r = f.new Request("POST", "x".repeat(16 << 20), false).start();
            assertThat(r.next()).isEqualTo("ready");
            assertThat(r.next()).isEqualTo("writable false");
            read.countDown();
            assertThat(r.next()).isEqualTo("writable true");
            r.on(UpstreamStream::reset);
            assertThat(f.stat("upstream_flow_control_backed_up_total")).isEqualTo(1);
            f.await("upstream_cx_active", 0);
        }
    }

    @Test
    void a_request_that_waits_can_be_taken_back() {
        CountDownLatch release = new CountDownLatch(1);
        CircuitBreakerConfig one = new CircuitBreakerConfig(1, 10, 10, 3, -1, 3, false);
        try (RawUpstream up = new RawUpstream(peer -> {
                    while (!peer.readHead().isEmpty()) {
                        await(release);
                        peer.send(OK);
                    }
                });
                UpstreamFixture f = new UpstreamFixture(up.port(), one, UpstreamHttpConfig.DEFAULT, 5_000)) {
            UpstreamFixture.Request first = f.get();
            assertThat(first.next()).isEqualTo("ready");
            UpstreamFixture.Request second = f.get();
            f.run(() -> {
                f.upstreams
                        .on(f.loop)
                        .pools(f.cluster)
                        .cancel(
                                Objects.requireNonNull(second.endpoint),
                                dev.mishap.proxy.cluster.RequestPriority.DEFAULT,
                                second);
                return true;
            });
            assertThat(f.stat("upstream_rq_cancelled")).isEqualTo(1);
            assertThat(f.stat("upstream_rq_pending_active")).isZero();
            release.countDown();
            assertThat(first.untilEnd()).isEqualTo("headers 200, body end");
            assertThat(second.events).isEmpty();
        }
    }

    @Test
    void a_connection_under_way_when_the_pool_drains_serves_who_waits_and_is_counted_once() {
        try (RawUpstream up = new RawUpstream(always(OK));
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            UpstreamFixture.Request r = f.new Request("GET", "", true);
            f.run(() -> {
                ClusterPools pools = f.upstreams.on(f.loop).pools(f.cluster);
                pools.acquire(f.cluster.endpoints().all().get(0), RequestPriority.DEFAULT, r);
                pools.drainAll();
                return true;
            });
            assertThat(r.untilEnd()).isEqualTo("ready, headers 200, body end");
            f.await("upstream_cx_active", 0);
            assertThat(f.stat("upstream_cx_destroy")).isEqualTo(1);
        }
    }

    @Test
    void a_request_is_taken_back_from_a_pool_that_drains() {
        try (RawUpstream up = new RawUpstream(always(OK));
                UpstreamFixture f = new UpstreamFixture(up.port())) {
            UpstreamFixture.Request r = f.new Request("GET", "", true);
            f.run(() -> {
                ClusterPools pools = f.upstreams.on(f.loop).pools(f.cluster);
                Endpoint endpoint = f.cluster.endpoints().all().get(0);
                pools.acquire(endpoint, RequestPriority.DEFAULT, r);
                pools.drainAll();
                pools.cancel(endpoint, RequestPriority.DEFAULT, r);
                return true;
            });
            f.await("upstream_cx_destroy", 1);
            assertThat(r.events).isEmpty();
            assertThat(f.stat("upstream_rq_pending_active")).isZero();
            assertThat(f.stat("upstream_cx_active")).isZero();
        }
    }
}
