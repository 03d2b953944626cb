package dev.mishap.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.BindConfig;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ConnectConfig;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.transport.OriginalSource;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConnectorTest {
    private final StatsStore stats = new StatsStore();
    private final List<MultiThreadIoEventLoopGroup> groups = new ArrayList<>();

    static List<Transport> transports() {
        return Transport.best() == Transport.EPOLL ? List.of(Transport.NIO, Transport.EPOLL) : List.of(Transport.NIO);
    }

    @AfterEach
    void end() {
        groups.forEach(g -> g.shutdownGracefully());
    }

    /** What comes of a connection: {@code null}, or how it failed. */
    private @Nullable ConnectFailure connect(Transport transport, EndpointConfig to, @Nullable BindConfig bind)
            throws Exception {
        MultiThreadIoEventLoopGroup group = transport.loops(1, "test");
        groups.add(group);
        EventLoop loop = group.next();
        ConnectConfig d = ConnectConfig.DEFAULT;
        Cluster cluster = new Cluster(
                ClusterConfig.builder("u", StaticDiscovery.of(List.of(to)), LbPolicies.ROUND_ROBIN)
                        .connect(new ConnectConfig(d.timeoutNanos(), d.bufferLimitBytes(), null, bind))
                        .build(),
                stats);
        Endpoint endpoint = cluster.endpoints().all().get(0);
        Connector connector = new Connector(loop, cluster, new OpenLinks(() -> UpstreamGate.OPEN));
        ChannelFuture future = loop.submit(() -> connector.connect(
                        endpoint, new ChannelInboundHandlerAdapter(), UpstreamTransport.Options.HTTP1))
                .get();
        future.awaitUninterruptibly();
        future.channel().close().sync();
        return future.isSuccess() ? null : connector.failure(endpoint, future);
    }

    @Test
    void connections_may_come_from_the_client() throws Exception {
        Assumptions.assumeTrue(Transport.best() == Transport.EPOLL, "needs epoll");
        MultiThreadIoEventLoopGroup group = Transport.EPOLL.loops(1, "test");
        groups.add(group);
        EventLoop loop = group.next();
        try (ServerSocket server = new ServerSocket(0)) {
            Cluster cluster = new Cluster(
                    ClusterConfig.builder(
                                    "u",
                                    StaticDiscovery.of(List.of(EndpointConfig.at("127.0.0.1", server.getLocalPort()))),
                                    LbPolicies.ROUND_ROBIN)
                            .build(),
                    stats);
            Connector connector = new Connector(loop, cluster, new OpenLinks(() -> UpstreamGate.OPEN))
                    .madeFor(null, false, null, new OriginalSource(InetAddress.getByName("127.1.2.3"), 0, 0));
            ChannelFuture future = loop.submit(() -> connector.connect(
                            cluster.endpoints().all().get(0),
                            new ChannelInboundHandlerAdapter(),
                            UpstreamTransport.Options.HTTP1))
                    .get();
            future.awaitUninterruptibly();
            Assumptions.assumeTrue(
                    future.isSuccess() || !String.valueOf(future.cause()).contains("not permitted"),
                    "needs CAP_NET_ADMIN");
            try (Socket peer = server.accept()) {
                assertThat(peer.getInetAddress().getHostAddress()).isEqualTo("127.1.2.3");
            }
            future.channel().close().sync();
        }
    }

    @Test
    void pools_are_by_the_source() throws Exception {
        OriginalSource a = new OriginalSource(InetAddress.getByName("10.0.0.1"), 0, 0);
        OriginalSource b = new OriginalSource(InetAddress.getByName("10.0.0.2"), 0, 0);
        assertThat(PoolKey.of(null, null, null, 0)).isNull();
        assertThat(PoolKey.of(null, null, a, 0))
                .isEqualTo(PoolKey.of(null, null, a, 0))
                .isNotEqualTo(PoolKey.of(null, null, b, 0));
    }

    private static BindConfig from(String address) {
        return new BindConfig(List.of(new BindConfig.Source(new InetSocketAddress(address, 0), List.of())), List.of());
    }

    @ParameterizedTest
    @MethodSource("transports")
    void an_endpoint_may_be_a_path(Transport transport, @TempDir Path dir) throws Exception {
        Path path = dir.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            assertThat(connect(transport, EndpointConfig.at(path.toString(), -1), from("127.0.0.1")))
                    .isNull();
        }
    }

    @ParameterizedTest
    @MethodSource("transports")
    void a_path_where_nothing_is_fails(Transport transport, @TempDir Path dir) throws Exception {
        String path = dir.resolve("none").toString();
        ConnectFailure failure = connect(transport, EndpointConfig.at(path, -1), null);
        assertThat(failure).isNotNull();
        assertThat(failure.reason()).isEqualTo(ResetReason.REMOTE_CONNECTION_FAILURE);
        assertThat(failure.local()).isFalse();
        if (transport == Transport.EPOLL) { // the JDK has no words for it
            assertThat(failure.transportFailure())
                    .isEqualTo("immediate_connect_error:_No_such_file_or_directory|remote_address:" + path);
        }
    }

    @ParameterizedTest
    @MethodSource("transports")
    void an_address_that_is_not_ours_cannot_be_a_source(Transport transport) throws Exception {
        try (ServerSocket server = new ServerSocket(0)) {
            EndpointConfig to = EndpointConfig.at("127.0.0.1", server.getLocalPort());
            ConnectFailure foreign = connect(transport, to, from("192.0.2.1"));
            assertThat(foreign)
                    .isEqualTo(new ConnectFailure(
                            ResetReason.LOCAL_CONNECTION_FAILURE,
                            "failed_to_bind_to_192.0.2.1:0:_Cannot_assign_requested_address"));
            ConnectFailure family = connect(transport, to, from("::1"));
            assertThat(family)
                    .isEqualTo(new ConnectFailure(
                            ResetReason.LOCAL_CONNECTION_FAILURE,
                            "failed_to_bind_to_[::1]:0:_Address_family_not_supported_by_protocol"));
            assertThat(stats.counter("cluster.u.bind_errors").value()).isEqualTo(2);
            assertThat(connect(transport, to, from("127.0.0.7"))).isNull();
        }
    }

    /** Has connections wait for a moment. */
    private static final UpstreamGate LATER = new UpstreamGate() {
        @Override
        public boolean isIdle() {
            return false;
        }

        @Override
        public Way decide(UpstreamLink link) {
            return Way.after(1_000_000);
        }

        @Override
        public void begun(UpstreamLink link, ChannelFuture made) {}

        @Override
        public Way reconsider(UpstreamLink link) {
            return Way.NOW;
        }
    };

    static List<Arguments> delayedAndFailing() {
        List<Arguments> all = new ArrayList<>();
        for (Transport transport : transports()) {
            all.add(Arguments.of(transport, "127.0.0.1"));
            all.add(Arguments.of(transport, "::1"));
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("delayedAndFailing")
    void a_delayed_connection_that_fails_leaves_no_socket(Transport transport, String source) throws Exception {
        MultiThreadIoEventLoopGroup group = transport.loops(1, "test");
        groups.add(group);
        EventLoop loop = group.next();
        int free;
        try (ServerSocket server = new ServerSocket(0)) {
            free = server.getLocalPort();
        }
        ConnectConfig d = ConnectConfig.DEFAULT;
        Cluster cluster = new Cluster(
                ClusterConfig.builder(
                                "u",
                                StaticDiscovery.of(List.of(EndpointConfig.at("127.0.0.1", free))),
                                LbPolicies.ROUND_ROBIN)
                        .connect(new ConnectConfig(d.timeoutNanos(), d.bufferLimitBytes(), null, from(source)))
                        .build(),
                stats);
        Endpoint endpoint = cluster.endpoints().all().get(0);
        Connector connector = new Connector(loop, cluster, new OpenLinks(() -> LATER));
        ChannelFuture future = loop.submit(() -> connector.connect(
                        endpoint, new ChannelInboundHandlerAdapter(), UpstreamTransport.Options.HTTP1))
                .get();
        assertThat(future.await(20_000)).isTrue();
        assertThat(future.cause()).isInstanceOf(source.equals("::1") ? BindException.class : ConnectException.class);
        assertThat(future.channel().closeFuture().await(20_000)).isTrue();
    }
}
