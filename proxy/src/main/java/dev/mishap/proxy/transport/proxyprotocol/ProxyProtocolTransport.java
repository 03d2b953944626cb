package dev.mishap.proxy.transport.proxyprotocol;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.transport.ProxiedConnection;
import dev.mishap.proxy.transport.ProxyTlv;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes a PROXY header as the first bytes of a connection, and then leaves it to the transport inside. */
public final class ProxyProtocolTransport implements UpstreamTransport {
    /** The message that configures it. */
    public static final String TYPE = ProxyProtocolConfig.TYPE;

    public static final List<SupportedFields> FIELDS = ProxyProtocolConfig.FIELDS;

    private static final byte[] SIGNATURE = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

    private final ProxyProtocolConfig config;
    private final @Nullable UpstreamTransport inside;

    private ProxyProtocolTransport(ProxyProtocolConfig config, @Nullable UpstreamTransport inside) {
        this.config = config;
        this.inside = inside;
    }

    /**
     * Reads {@code ProxyProtocolUpstreamTransport}.
     *
     * @param inside the transport of its {@code transport_socket}; null for plain bytes
     */
    public static UpstreamTransport from(ConfigNode node, @Nullable UpstreamTransport inside) {
        return new ProxyProtocolTransport(ProxyProtocolConfig.from(node), inside);
    }

    /** The {@code envoy.config.core.v3.TlvEntry}s of a field. */
    public static List<ProxyTlv> tlvs(ConfigNode holder, String field) {
        return ProxyProtocolConfig.tlvs(holder, field);
    }

    @Override
    public Future<Channel> install(Channel channel, SocketAddress to, String hostname, Options options) {
        Promise<Channel> sent = channel.eventLoop().newPromise();
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.writeAndFlush(header(ctx.channel(), options.downstream()));
                ctx.fireChannelActive();
                ctx.pipeline().remove(this);
                sent.trySuccess(ctx.channel());
            }
        });
        return inside == null ? sent : inside.install(channel, to, hostname, options);
    }

    /** How many bytes the header of a connection has. */
    @Override
    public int bytesBefore(Channel channel, @Nullable ProxiedConnection downstream) {
        ByteBuf header = header(channel, downstream);
        return header.readableBytes() + (inside == null ? 0 : inside.bytesBefore(channel, downstream));
    }

    @Override
    public boolean tellsOfDownstream() {
        return true;
    }

    /** The header; without a client, as of a health check, it is about this connection itself. */
    private ByteBuf header(Channel channel, @Nullable ProxiedConnection downstream) {
        if (downstream != null) {
            return config.version2()
                    ? binary(downstream.source(), downstream.destination(), config.tlvs(downstream.tlvs()))
                    : line(downstream.source(), downstream.destination());
        }
        return config.version2()
                ? binary(null, null, List.of())
                : line(ip(channel.localAddress()), ip(channel.remoteAddress()));
    }

    private static @Nullable InetSocketAddress ip(SocketAddress address) {
        return address instanceof InetSocketAddress a ? a : null;
    }

    private static ByteBuf line(@Nullable InetSocketAddress from, @Nullable InetSocketAddress to) {
        String text = "UNKNOWN";
        if (from != null && to != null) {
            InetAddress ip = from.getAddress();
            text = (ip.getAddress().length == 4 ? "TCP4 " : "TCP6 ")
                    + NetUtil.toAddressString(ip)
                    + ' '
                    + NetUtil.toAddressString(to.getAddress())
                    + ' '
                    + from.getPort()
                    + ' '
                    + to.getPort();
        }
        return Unpooled.copiedBuffer("PROXY " + text + "\r\n", StandardCharsets.US_ASCII);
    }

    private static ByteBuf binary(
            @Nullable InetSocketAddress from, @Nullable InetSocketAddress to, List<ProxyTlv> tlvs) {
        ByteBuf out = Unpooled.buffer(64).writeBytes(SIGNATURE);
        byte[] source = from == null ? new byte[0] : from.getAddress().getAddress();
        byte[] destination = to == null ? new byte[0] : to.getAddress().getAddress();
        if (from == null || to == null || source.length != destination.length) {
            return out.writeByte(0x20).writeByte(0).writeShort(0);
        }
        out.writeByte(0x21).writeByte(source.length == 4 ? 0x11 : 0x21);
        int length = 2 * source.length + 4;
        for (ProxyTlv tlv : tlvs) {
            length += 3 + tlv.value().length;
        }
        out.writeShort(length).writeBytes(source).writeBytes(destination);
        out.writeShort(from.getPort()).writeShort(to.getPort());
        for (ProxyTlv tlv : tlvs) {
            out.writeByte(tlv.type()).writeShort(tlv.value().length).writeBytes(tlv.value());
        }
        return out;
    }

    @Override
    public @Nullable String failure(Throwable cause) {
        return inside == null ? null : inside.failure(cause);
    }

    @Override
    public boolean negotiates() {
        return inside != null && inside.negotiates();
    }
}
