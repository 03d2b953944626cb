package dev.mishap.proxy.transport.proxyprotocol;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.ProxiedConnection;
import dev.mishap.proxy.transport.ProxyTlv;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes PROXY headers as a {@code ProxyProtocolConfig} says. */
public final class ProxyHeaderWriter {
    private static final byte[] SIGNATURE = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

    private final ProxyProtocolConfig config;

    private ProxyHeaderWriter(ProxyProtocolConfig config) {
        this.config = config;
    }

    /** @param node {@code envoy.config.core.v3.ProxyProtocolConfig}, null for its defaults */
    public static ProxyHeaderWriter from(@Nullable ConfigNode node) {
        return new ProxyHeaderWriter(ProxyProtocolConfig.from(node));
    }

    /** The header that tells of a client's connection. */
    public ByteBuf write(ProxiedConnection downstream) {
        return config.version2()
                ? binary(downstream.source(), downstream.destination(), config.tlvs(downstream.tlvs()))
                : line(downstream.source(), downstream.destination());
    }

    /** The header; without a client, as of a health check, it is about {@code channel} itself. */
    ByteBuf write(Channel channel, @Nullable ProxiedConnection downstream) {
        if (downstream != null) {
            return write(downstream);
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
}
