package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.rules.ClientQuestions;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** The DNS proxy on sockets of its own, in front of fake resolvers. */
final class ProxyUnderTest implements AutoCloseable {
    private static final InetAddress HOST = InetAddress.getLoopbackAddress();
    private static final int TIMEOUT_MILLIS = 20_000;

    final StatsStore stats = new StatsStore();
    private final EventLoopGroup group = Transport.best().loops(1, "dns-test");
    private final RuleStore store;
    private final Channel udp;
    private final Channel tcp;
    private final DatagramSocket client;

    ProxyUnderTest(AccessLog log, UnaryOperator<DnsProxyConfig> change, InetSocketAddress... upstreams)
            throws IOException {
        EventLoop loop = group.next();
        store = new RuleStore(Ticker.systemTicker(), loop, stats, () -> 7);
        DnsProxyConfig config = change.apply(new DnsProxyConfig(
                List.of(upstreams),
                TimeUnit.SECONDS.toNanos(10),
                Math.max(2, upstreams.length),
                10_000,
                1_000,
                0,
                3600,
                TimeUnit.SECONDS.toNanos(30),
                log,
                new ClientQuestions(store, "dns", stats),
                new DnsProxyStats(stats.scope("dns_proxy.t."))));
        udp = Transport.best().datagramChannel();
        udp.pipeline().addLast(new Datagrams(config));
        loop.register(udp).syncUninterruptibly();
        udp.bind(new InetSocketAddress(HOST, 0)).syncUninterruptibly();
        var factory = TcpDnsProxy.factory(config);
        tcp = new ServerBootstrap()
                .group(loop)
                .channel(Transport.best().serverChannel())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        factory.install(channel, ConnectionInfo.of(channel));
                    }
                })
                .bind(new InetSocketAddress(HOST, 0))
                .syncUninterruptibly()
                .channel();
        client = socket();
    }

    static DnsProxyConfig withTimeout(DnsProxyConfig c, long millis, int attempts) {
        return new DnsProxyConfig(
                c.upstreams(),
                TimeUnit.MILLISECONDS.toNanos(millis),
                attempts,
                c.maxPending(),
                c.maxPerClient(),
                c.cacheEntries(),
                c.cacheSeconds(),
                c.tcpIdleNanos(),
                c.log(),
                c.questions(),
                c.stats());
    }

    static DnsProxyConfig withLimits(DnsProxyConfig c, int pending, int perClient, int cache) {
        return new DnsProxyConfig(
                c.upstreams(),
                c.timeoutNanos(),
                c.attempts(),
                pending,
                perClient,
                cache,
                c.cacheSeconds(),
                c.tcpIdleNanos(),
                c.log(),
                c.questions(),
                c.stats());
    }

    private static final class Datagrams extends ChannelInboundHandlerAdapter {
        private final DnsProxyConfig config;
        private UdpDnsProxy proxy;

        Datagrams(DnsProxyConfig config) {
            this.config = config;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            proxy = new UdpDnsProxy(config, ctx.channel());
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            io.netty.channel.socket.DatagramPacket packet = (io.netty.channel.socket.DatagramPacket) message;
            try {
                proxy.onDatagram(packet.content(), packet.sender());
            } finally {
                packet.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            proxy.onReadComplete();
        }
    }

    void rules(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        store.replaceOwn(rules);
    }

    DatagramSocket socket() throws IOException {
        DatagramSocket socket = new DatagramSocket(0, HOST);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    void send(DatagramSocket from, byte[] message) throws IOException {
        from.send(new DatagramPacket(message, message.length, udp.localAddress()));
    }

    static byte[] receive(DatagramSocket at) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[65535], 65535);
        at.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    byte[] ask(byte[] message) throws IOException {
        send(client, message);
        return receive(client);
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(HOST, ((InetSocketAddress) tcp.localAddress()).getPort());
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    byte[] askTcp(byte[] message) throws IOException {
        try (Socket socket = connect()) {
            Dns.send(socket, message);
            return Dns.receive(socket);
        }
    }

    long count(String name) {
        return stats.counter("dns_proxy.t." + name).value();
    }

    long pending() {
        return stats.gauge("dns_proxy.t.pending_queries").value();
    }

    void closeUdp() {
        udp.close().syncUninterruptibly();
    }

    @Override
    public void close() {
        client.close();
        udp.close().syncUninterruptibly();
        tcp.close().syncUninterruptibly();
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
