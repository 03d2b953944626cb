package dev.mishap.proxy.filter.network.tcpproxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The TCP proxy between real sockets. */
@Timeout(120)
class TcpProxySocketTest {
    private static final String TOTAL = "tcp.t.downstream_cx_total";

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final ServerSocket upstream = listen();
    private Server server = start(upstream.getLocalPort(), 2, "");

    private static ServerSocket listen() {
        try {
            return new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Server start(int upstreamPort, int workers, String fields) {
        Options options = Options.of(
                "static_resources: {listeners: [{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 0}},"
                        + " filter_chains: [{filters: [{name: t, typed_config: {'@type': type.googleapis.com/"
                        + TcpProxyConfig.TYPE + ", stat_prefix: t, cluster: u" + fields + "}}]}]}],"
                        + " clusters: [{name: u, type: STATIC, per_connection_buffer_limit_bytes: 65536,"
                        + " circuit_breakers: {thresholds: [{max_connections: 10000, max_pending_requests: 10000,"
                        + " max_requests: 10000, track_remaining: true}]},"
                        + " load_assignment: {cluster_name: u, endpoints: [{lb_endpoints: [{endpoint: {address:"
                        + " {socket_address: {address: 127.0.0.1, port_value: " + upstreamPort + "}}}}]}]}}]}",
                workers,
                "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        server.start();
        return server;
    }

    /**
     * Sends back what comes; a connection whose first byte is 'R' is reset after some of it, one with 'S' gets bytes for as long as it lasts,
     * one with 'B' many, and then a reset.
     */
    @BeforeEach
    void echo() {
        threads.execute(() -> {
            while (true) {
                try {
                    Socket s = upstream.accept();
                    threads.execute(() -> echo(s));
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    private static void echo(Socket s) {
        try (s) {
            InputStream in = s.getInputStream();
            OutputStream out = s.getOutputStream();
            byte[] buffer = new byte[64 * 1024];
            boolean first = true;
            int n;
            while ((n = in.read(buffer)) >= 0) {
                if (first && buffer[0] == 'R') {
                    s.setSoLinger(true, 0);
                    return;
                }
                if (first && buffer[0] == 'B') {
                    for (int i = 0; i < 256; i++) {
                        out.write(buffer);
                    }
                    in.read();
                    s.setSoLinger(true, 0);
                    return;
                }
                while (first && buffer[0] == 'S') {
                    out.write(buffer, 0, 1000);
                }
                first = false;
                out.write(buffer, 0, n);
            }
        } catch (IOException e) {
            // the proxy passed a reset on
        }
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        upstream.close();
        threads.shutdownNow();
    }

    private Socket connect() throws IOException {
        return new Socket(
                InetAddress.getLoopbackAddress(), server.listeners().get(0).port());
    }

    private void await(String stat, long value) {
        long until = System.nanoTime() + 20_000_000_000L;
        while (server.stats().value(stat) != value) {
            if (System.nanoTime() > until) {
                throw new AssertionError(stat + " is " + server.stats().value(stat) + ", not " + value);
            }
            Thread.onSpinWait();
        }
    }

    /** Bulk goes past the pipeline; still every byte arrives, in order, is counted once, and ends are ends. */
    @Test
    void bulkBothWaysIsWhole() throws Exception {
        long size = 64L << 20;
        try (Socket s = connect()) {
            Future<?> sender = threads.submit(() -> {
                byte[] block = new byte[1 << 16];
                OutputStream out = s.getOutputStream();
                for (long at = 0; at < size; at += block.length) {
                    fill(block, at);
                    out.write(block);
                }
                s.shutdownOutput();
                return null;
            });
            byte[] expected = new byte[1 << 16];
            byte[] got = new byte[1 << 16];
            InputStream in = s.getInputStream();
            for (long at = 0; at < size; at += got.length) {
                fill(expected, at);
                assertThat(in.readNBytes(got, 0, got.length)).as("at %d", at).isEqualTo(got.length);
                assertThat(got).as("at %d", at).isEqualTo(expected);
            }
            assertThat(in.read()).isEqualTo(-1);
            sender.get(20, TimeUnit.SECONDS);
        }
        await("listener.127.0.0.1_0.downstream_cx_active", 0);
        for (String stat : List.of("tcp.t.downstream_cx_rx_bytes_total", "tcp.t.downstream_cx_tx_bytes_total")) {
            await(stat, size);
        }
        await("cluster.u.upstream_cx_rx_bytes_total", size);
        await("cluster.u.upstream_cx_tx_bytes_total", size);
    }

    private static void fill(byte[] block, long at) {
        SplittableRandom random = new SplittableRandom(at);
        for (int i = 0; i < block.length; i += 4) {
            int r = random.nextInt();
            block[i] = (byte) r;
            block[i + 1] = (byte) (r >> 8);
            block[i + 2] = (byte) (r >> 16);
            block[i + 3] = (byte) (r >> 24);
        }
        block[0] = 'x';
    }

    @Test
    void anUpstreamResetIsPassedOn() throws IOException {
        try (Socket s = connect()) {
            s.getOutputStream().write('R');
            InputStream in = s.getInputStream();
            org.assertj.core.api.Assertions.assertThatThrownBy(in::read).isInstanceOf(SocketException.class);
        }
    }

    /** Of a connection whose bytes go past the pipeline, too: before the reset all of them arrive. */
    @Test
    void anUpstreamResetAfterBulkIsPassedOn() throws IOException {
        int size = 256 * 64 * 1024;
        try (Socket s = connect()) {
            s.getOutputStream().write('B');
            InputStream in = s.getInputStream();
            assertThat(in.readNBytes(size)).hasSize(size);
            s.getOutputStream().write('.');
            org.assertj.core.api.Assertions.assertThatThrownBy(in::read).isInstanceOf(SocketException.class);
        }
        await("tcp.t.downstream_cx_tx_bytes_total", size);
        await("cluster.u.upstream_cx_rx_bytes_total", size);
        await("cluster.u.upstream_cx_active", 0);
    }

    /** A client that goes amid the bulk that it gets, whose bytes are in a pipe by then: its upstream connection goes, too. */
    @Test
    void aClientThatGoesAmidBulkIsForgotten() throws Exception {
        for (int i = 0; i < 50; i++) {
            try (Socket s = connect()) {
                s.getOutputStream().write('B');
                s.getInputStream().readNBytes(1 << 20);
                s.setSoLinger(true, 0);
            }
        }
        await(TOTAL, 50);
        await("listener.127.0.0.1_0.downstream_cx_active", 0);
        await("cluster.u.upstream_cx_active", 0);
        assertThat(server.stats().value("cluster.u.upstream_cx_rx_bytes_total"))
                .isEqualTo(server.stats().value("tcp.t.downstream_cx_tx_bytes_total"));
    }

    /** Connections that end in every way leave nothing behind. */
    @Test
    void twoThousandConnectionsThatEndInEveryWay() throws Exception {
        SplittableRandom random = new SplittableRandom(20);
        List<Future<?>> clients = new ArrayList<>();
        int count = 2000;
        for (int c = 0; c < 20; c++) {
            SplittableRandom own = random.split();
            clients.add(threads.submit(() -> {
                for (int i = 0; i < count / 20; i++) {
                    one(own);
                }
                return null;
            }));
        }
        for (Future<?> client : clients) {
            client.get(100, TimeUnit.SECONDS);
        }
        await(TOTAL, count);
        for (String gauge : List.of(
                "listener.127.0.0.1_0.downstream_cx_active",
                "listener.127.0.0.1_0.downstream_pre_cx_active",
                "cluster.u.upstream_cx_active",
                "cluster.u.upstream_rq_active",
                "cluster.u.upstream_rq_pending_active",
                "cluster.u.circuit_breakers.default.cx_open")) {
            await(gauge, 0);
        }
        for (String left : List.of("remaining_cx", "remaining_rq", "remaining_pending")) {
            await("cluster.u.circuit_breakers.default." + left, 10_000);
        }
        await("listener.127.0.0.1_0.downstream_cx_destroy", count);
        await("cluster.u.upstream_cx_destroy", server.stats().value("cluster.u.upstream_cx_total"));
    }

    /**
     * Clients that go amid what they get: no connection hears what was said of another whose descriptor it has, and where it is a write that
     * finds out, nothing goes on counting time for the connection that is gone.
     */
    @Test
    void whatHasGoneIsForgotten() throws Exception {
        server.close();
        server = start(upstream.getLocalPort(), 1, ", idle_timeout: 3s");
        List<Future<?>> clients = new ArrayList<>();
        for (int c = 0; c < 10; c++) {
            clients.add(threads.submit(() -> {
                for (int i = 0; i < 40; i++) {
                    try (Socket s = connect()) {
                        s.getOutputStream().write('S');
                        assertThat(s.getInputStream().readNBytes(new byte[50_000], 0, 50_000))
                                .isEqualTo(50_000);
                        s.setSoLinger(true, 0);
                    }
                }
                return null;
            }));
        }
        for (Future<?> client : clients) {
            client.get(60, TimeUnit.SECONDS);
        }
        await(TOTAL, 400);
        await("listener.127.0.0.1_0.downstream_cx_active", 0);
        try (Socket last = connect()) {
            last.getOutputStream().write('e');
            assertThat(last.getInputStream().read()).isEqualTo('e');
            assertThat(last.getInputStream().read()).isEqualTo(-1); // its time is up, after that of all before it
        }
        assertThat(server.stats().value("tcp.t.idle_timeout")).isEqualTo(1);
    }

    private void one(SplittableRandom random) throws IOException {
        byte[] data = new byte[random.nextInt(4) == 0 ? random.nextInt(300_000) : random.nextInt(2000)];
        if (data.length > 0) {
            data[0] = (byte) (random.nextInt(5) == 0 ? 'R' : 'e');
        }
        try (Socket s = connect()) {
            s.setSoTimeout(20_000);
            switch (random.nextInt(5)) {
                case 0: // at once
                    break;
                case 1: // with bytes under way
                    s.getOutputStream().write(data);
                    break;
                case 2: // by a reset
                    s.getOutputStream().write(data);
                    s.setSoLinger(true, 0);
                    break;
                case 3: // a little read, then a reset
                    s.getOutputStream().write(data, 0, Math.min(data.length, 1000));
                    if (data.length > 0) {
                        s.getInputStream().read();
                    }
                    s.setSoLinger(true, 0);
                    break;
                default: // in order: all is sent, then all that comes back is read
                    int half = data.length / 2;
                    s.getOutputStream().write(data, 0, half);
                    s.getInputStream().readNBytes(half);
                    s.getOutputStream().write(data, half, data.length - half);
                    s.shutdownOutput();
                    s.getInputStream().readAllBytes();
                    break;
            }
        } catch (SocketException e) {
            // reset: by the upstream, through the proxy
        }
    }
}
