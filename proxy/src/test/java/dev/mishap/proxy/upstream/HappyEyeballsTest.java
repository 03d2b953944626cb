package dev.mishap.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ConnectConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HappyEyeballsTest {
    private static final long MILLIS = 1_000_000;

    private final StatsStore stats = new StatsStore();
    private final List<AutoCloseable> open = new ArrayList<>();
    /** Ports where nothing is answered until the connect timeout. */
    private final List<Integer> silent = new ArrayList<>();

    private final List<Channel> begun = new ArrayList<>();
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    private long timeoutNanos = 20_000 * MILLIS;

    private final UpstreamGate gate = new UpstreamGate() {
        @Override
        public boolean isIdle() {
            return false;
        }

        @Override
        public Way decide(UpstreamLink link) {
            return silent.contains(((InetSocketAddress) link.address()).getPort()) ? Way.CUT : Way.NOW;
        }

        @Override
        public void begun(UpstreamLink link, ChannelFuture made) {
            begun.add(made.channel());
        }

        @Override
        public Way reconsider(UpstreamLink link) {
            return Way.NOW;
        }
    };

    private final ChannelInboundHandlerAdapter handler = new ChannelInboundHandlerAdapter() {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            received.add(data.toString(StandardCharsets.UTF_8));
            data.release();
        }
    };

    static List<Transport> transports() {
        return Transport.best() == Transport.EPOLL ? List.of(Transport.NIO, Transport.EPOLL) : List.of(Transport.NIO);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable c : open) {
            c.close();
        }
    }

    private ServerSocket server() throws Exception {
        ServerSocket server = new ServerSocket(0);
        open.add(server);
        return server;
    }

    private static int refusing() throws Exception {
        try (ServerSocket server = new ServerSocket(0)) {
            return server.getLocalPort();
        }
    }

    private int silent() throws Exception {
        int port = server().getLocalPort();
        silent.add(port);
        return port;
    }

    /** How a connection to an endpoint of these ports ends. */
    private Outcome connect(Transport transport, int... ports) throws Exception {
        Outcome outcome = start(transport, ports);
        assertThat(outcome.future.await(20, TimeUnit.SECONDS)).isTrue();
        return outcome;
    }

    private record Outcome(ChannelFuture future, Connector connector, Endpoint endpoint, EventLoop loop) {
        int port() {
            return ((InetSocketAddress) future.channel().remoteAddress()).getPort();
        }
    }

    private Outcome start(Transport transport, int... ports) throws Exception {
        MultiThreadIoEventLoopGroup group = transport.loops(1, "test");
        open.add(group::shutdownGracefully);
        EventLoop loop = group.next();
        List<EndpointConfig.Address> more = new ArrayList<>();
        for (int i = 1; i < ports.length; i++) {
            more.add(new EndpointConfig.Address("127.0.0.1", ports[i]));
        }
        Cluster cluster = new Cluster(
                ClusterConfig.builder(
                                "u",
                                StaticDiscovery.of(List.of(
                                        EndpointConfig.at("127.0.0.1", ports[0]).withAdditional(more))),
                                LbPolicies.ROUND_ROBIN)
                        .connect(new ConnectConfig(timeoutNanos, 0, null, null))
                        .build(),
                stats);
        Endpoint endpoint = cluster.endpoints().all().get(0);
        Connector connector = new Connector(loop, cluster, new OpenLinks(() -> gate));
        ChannelFuture future = loop.submit(() -> connector.connect(endpoint, handler, UpstreamTransport.Options.HTTP1))
                .get();
        return new Outcome(future, connector, endpoint, loop);
    }

    private void assertOnlyOpen(Channel kept) throws Exception {
        for (Channel c : begun) {
            if (c != kept) {
                assertThat(c.closeFuture().await(20, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("transports")
    void the_first_address_is_enough_when_it_answers(Transport transport) throws Exception {
        ServerSocket first = server();
        Outcome o = connect(transport, first.getLocalPort(), server().getLocalPort());
        assertThat(o.port()).isEqualTo(first.getLocalPort());
        assertThat(begun).hasSize(1);
        assertThat(stats.value("cluster.u.upstream_cx_total"))
                .as("the one attempt is counted by who asked")
                .isZero();
        o.future.channel().close().sync();
    }

    @ParameterizedTest
    @MethodSource("transports")
    void the_next_is_tried_at_once_when_one_refuses(Transport transport) throws Exception {
        ServerSocket last = server();
        Outcome o = connect(transport, refusing(), refusing(), last.getLocalPort());
        assertThat(o.port()).isEqualTo(last.getLocalPort());
        assertThat(stats.value("cluster.u.upstream_cx_total")).isEqualTo(2);
        assertThat(o.endpoint.cxTotal.sum()).isEqualTo(2);
        assertThat(Connector.elsewhere(o.future.channel(), o.endpoint))
                .isEqualTo(o.future.channel().remoteAddress());
        assertOnlyOpen(o.future.channel());
        o.future.channel().close().sync();
    }

    @ParameterizedTest
    @MethodSource("transports")
    void the_next_is_tried_after_300_ms_of_silence(Transport transport) throws Exception {
        ServerSocket last = server();
        long before = System.nanoTime();
        Outcome o = connect(transport, silent(), silent(), last.getLocalPort());
        assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(590 * MILLIS);
        assertThat(o.port()).isEqualTo(last.getLocalPort());
        assertOnlyOpen(o.future.channel());
        o.future.channel().close().sync();
    }

    @ParameterizedTest
    @MethodSource("transports")
    void it_fails_when_all_have(Transport transport) throws Exception {
        Outcome o = connect(transport, refusing(), refusing());
        ConnectFailure failure = o.connector.failure(o.endpoint, o.future);
        assertThat(failure.reason()).isEqualTo(ResetReason.REMOTE_CONNECTION_FAILURE);
        assertThat(failure.transportFailure()).isEqualTo("delayed_connect_error:_Connection_refused");
        assertOnlyOpen(null);
    }

    @ParameterizedTest
    @MethodSource("transports")
    void those_that_are_silent_are_waited_for_until_the_timeout(Transport transport) throws Exception {
        timeoutNanos = 400 * MILLIS;
        Outcome o = connect(transport, silent(), refusing());
        assertThat(o.connector.failure(o.endpoint, o.future)).isEqualTo(ConnectFailure.TIMEOUT);
        assertOnlyOpen(null);
    }

    @ParameterizedTest
    @MethodSource("transports")
    void a_server_may_speak_first(Transport transport) throws Exception {
        ServerSocket server = server();
        Outcome o = connect(transport, refusing(), server.getLocalPort());
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write("220 hello".getBytes(StandardCharsets.UTF_8));
            assertThat(received.poll(20, TimeUnit.SECONDS)).isEqualTo("220 hello");
        }
        o.future.channel().close().sync();
    }

    @ParameterizedTest
    @MethodSource("transports")
    void a_connection_may_be_given_up(Transport transport) throws Exception {
        Outcome o = start(transport, silent(), silent(), silent());
        o.loop.submit(() -> Connector.abandon(o.future)).get();
        assertThat(o.future.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(o.future.isSuccess()).isFalse();
        assertOnlyOpen(null);
        assertThat(begun).as("no other is begun").hasSize(1);
    }
}
