package dev.mishap.proxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NettyResolverTest {
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final Channel server = serve();
    private final NettyResolver resolver = new NettyResolver(
            loop, new SingletonDnsServerAddressStreamProvider((InetSocketAddress) server.localAddress()));

    /** Knows {@code both.test} (A with TTL 30 and 7, AAAA with TTL 60), {@code four.test} (A), {@code bad.test} (SERVFAIL). */
    private static final class Zone extends SimpleChannelInboundHandler<DatagramDnsQuery> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramDnsQuery query) {
            DnsQuestion question = query.recordAt(DnsSection.QUESTION);
            DatagramDnsResponse response = new DatagramDnsResponse(query.recipient(), query.sender(), query.id());
            response.addRecord(DnsSection.QUESTION, question);
            String name = question.name();
            boolean four = question.type().equals(DnsRecordType.A);
            if (name.equals("bad.test.")) {
                response.setCode(DnsResponseCode.SERVFAIL);
            } else if (name.equals("both.test.") || name.equals("four.test.")) {
                if (four) {
                    add(response, name, 30, 10, 0, 0, 1);
                    add(response, name, 7, 10, 0, 0, 2);
                } else if (name.equals("both.test.")) {
                    add(response, name, 60, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
                }
            } else {
                response.setCode(DnsResponseCode.NXDOMAIN);
            }
            ctx.writeAndFlush(response);
        }

        private static void add(DatagramDnsResponse to, String name, long ttl, int... address) {
            byte[] bytes = new byte[address.length];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) address[i];
            }
            DnsRecordType type = bytes.length == 4 ? DnsRecordType.A : DnsRecordType.AAAA;
            to.addRecord(DnsSection.ANSWER, new DefaultDnsRawRecord(name, type, ttl, Unpooled.wrappedBuffer(bytes)));
        }
    }

    private Channel serve() {
        return new Bootstrap()
                .group(group)
                .channel(NioDatagramChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        ch.pipeline()
                                .addLast(new DatagramDnsQueryDecoder(), new DatagramDnsResponseEncoder(), new Zone());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
    }

    @AfterEach
    void stop() {
        resolver.close();
        server.close().syncUninterruptibly();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private String resolve(String name, LookupFamily family) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        loop.execute(() -> resolver.resolve(
                name,
                family,
                (failure, addresses, ttl) -> answer.complete(
                        failure != null
                                ? "failed"
                                : addresses.stream()
                                                .map(InetAddress::getHostAddress)
                                                .collect(Collectors.joining(" ")) + " ttl " + ttl)));
        return answer.get(20, TimeUnit.SECONDS);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "both.test, V4_ONLY, 10.0.0.1 10.0.0.2 ttl 7",
        "both.test, V6_ONLY, fd00:0:0:0:0:0:0:1 ttl 60",
        "both.test, AUTO, fd00:0:0:0:0:0:0:1 ttl 7",
        "both.test, V4_PREFERRED, 10.0.0.1 10.0.0.2 ttl 7",
        "both.test, ALL, fd00:0:0:0:0:0:0:1 10.0.0.1 10.0.0.2 ttl 7",
        "four.test, AUTO, 10.0.0.1 10.0.0.2 ttl 7",
        "localhost, V4_ONLY, 127.0.0.1 ttl -1",
        "192.0.2.7, V6_ONLY, 192.0.2.7 ttl -1",
        "bad.test, V4_ONLY, failed",
    })
    void answers(String name, LookupFamily family, String answer) throws Exception {
        assertThat(resolve(name, family)).isEqualTo(answer);
    }

    @Test
    void a_name_that_does_not_exist_has_no_addresses() throws Exception {
        assertThat(resolve("none.test", LookupFamily.AUTO)).isEqualTo(" ttl -1");
    }
}
