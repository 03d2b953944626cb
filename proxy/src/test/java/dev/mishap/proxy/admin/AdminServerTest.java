package dev.mishap.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class AdminServerTest {
    private final StatsStore stats = new StatsStore();
    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Semaphore held = new Semaphore(0);
    private AdminServer server;

    @BeforeEach
    void start() throws IOException {
        AdminRouter router = new AdminRouter();
        router.add(AdminRoute.reads("/ready", "state", r -> AdminResponse.text("LIVE\n")));
        router.add(AdminRoute.needsPost("/change", "changes", r -> AdminResponse.ok()));
        router.add(AdminRoute.under(
                "/own/",
                "own",
                r -> AdminResponse.text(
                        201,
                        r.method() + " " + r.path() + " " + r.query() + " "
                                + new String(r.body(), StandardCharsets.UTF_8))));
        router.add(AdminRoute.under("/held/", "waits", r -> {
            held.acquireUninterruptibly();
            return AdminResponse.text("let go\n");
        }));
        server = AdminServer.bind(
                group.next(),
                NioServerSocketChannel.class,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                router,
                stats,
                AccessLog.NONE);
    }

    @AfterEach
    void stop() {
        server.close();
        group.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }

    private String exchange(String request) throws IOException {
        InetSocketAddress address = (InetSocketAddress) server.address();
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void answersAsEnvoyDoes() throws IOException {
        String answer = exchange("GET /ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assertThat(answer)
                .startsWith("HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=UTF-8\r\n"
                        + "cache-control: no-cache, max-age=0\r\nx-content-type-options: nosniff\r\ndate: ")
                .contains("\r\nserver: envoy\r\nconnection: close\r\n")
                .endsWith("\r\n\r\n5\r\nLIVE\n\r\n0\r\n\r\n");
        assertThat(stats.value("http.admin.downstream_rq_2xx")).isEqualTo(1);
        assertThat(stats.value("listener.admin.downstream_cx_total")).isEqualTo(1);
    }

    @Test
    void changesNeedPost() throws IOException {
        assertThat(exchange("GET /change HTTP/1.1\r\nconnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 405 ")
                .contains("Method GET not allowed, POST required.");
        assertThat(exchange("POST /change HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200 ");
    }

    @Test
    void unknownPathGetsTheHelp() throws IOException {
        assertThat(exchange("GET /readyx HTTP/1.1\r\nconnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 404 ")
                .contains("invalid path. admin commands are:\n  /: Admin home page\n  /change (POST): changes\n");
    }

    @Test
    void pipelinedRequestsWithBodiesAreAnsweredInOrder() throws IOException {
        String answers = exchange(
                "PUT /own/a%20b?x=1&y HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi"
                        + "PUT /own/c HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\nyo\r\n1\r\n!\r\n0\r\n\r\n");
        assertThat(answers).contains("PUT /own/a b {x=1, y=} hi").contains("PUT /own/c {} yo!");
        assertThat(answers.indexOf("hi")).isLessThan(answers.indexOf("yo!"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET\r\n\r\n",
                "GET /ready HTTP/2.0\r\n\r\n",
                "GET ready HTTP/1.1\r\n\r\n",
                "GET /ready HTTP/1.1\r\nbad header\r\n\r\n",
                "GET /ready HTTP/1.1\r\na: b\r\n folded\r\n\r\n",
                "POST /change HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
                "POST /change HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
                "POST /change HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
                "POST /change HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n",
                "POST /change HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
                "POST /change HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n+1\r\n",
                "POST /change HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
                "POST /change HTTP/1.1\r\ncontent-length: +1\r\n\r\n",
            })
    void whatIsNoRequestIsRefusedAndTheConnectionEnds(String request) throws IOException {
        assertThat(exchange(request)).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void bodyThatIsTooLargeIsRefusedBeforeItIsRead() throws IOException {
        assertThat(exchange("POST /change HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n"))
                .startsWith("HTTP/1.1 413 ");
    }

    @Test
    void slowHandlerHoldsUpNobodyElse() throws IOException {
        InetSocketAddress address = (InetSocketAddress) server.address();
        try (Socket slow = new Socket(address.getAddress(), address.getPort())) {
            slow.getOutputStream()
                    .write(("PUT /held/x HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
                                    + "GET /ready HTTP/1.1\r\nconnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(exchange("GET /ready HTTP/1.1\r\nconnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ");
            held.release();
            String answers = new String(slow.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertThat(answers).containsSubsequence("let go", "LIVE");
        }
    }

    @Test
    void requestThatArrivesByteByByteIsRead() throws IOException {
        InetSocketAddress address = (InetSocketAddress) server.address();
        String request = "PUT /own/c HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
                + "2\r\nyo\r\n1;x=y\r\n!\r\n0\r\ntrailer: x\r\n\r\n";
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setTcpNoDelay(true);
            for (byte b : request.getBytes(StandardCharsets.US_ASCII)) {
                socket.getOutputStream().write(b);
            }
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .contains("PUT /own/c {} yo!");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1;", "0\r\nx: "})
    void bodyThatNeverEndsIsRefused(String begin) throws IOException {
        String answer =
                exchange("POST /change HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + begin + "y".repeat(70_000));
        assertThat(answer).startsWith("HTTP/1.1 4");
        assertThat(answer).contains("connection: close");
    }
}
