package dev.mishap.proxy.transport.proxyprotocol;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.transport.ProxiedConnection;
import dev.mishap.proxy.transport.ProxyTlv;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes a PROXY header as the first bytes of a connection, and then leaves it to the transport inside. */
public final class ProxyProtocolTransport implements UpstreamTransport {
    /** The message that configures it. */
    public static final String TYPE = ProxyProtocolConfig.TYPE;

    public static final List<SupportedFields> FIELDS = ProxyProtocolConfig.FIELDS;

    private final ProxyHeaderWriter header;
    private final @Nullable UpstreamTransport inside;

    private ProxyProtocolTransport(ProxyHeaderWriter header, @Nullable UpstreamTransport inside) {
        this.header = header;
        this.inside = inside;
    }

    /**
     * Reads {@code ProxyProtocolUpstreamTransport}.
     *
     * @param inside the transport of its {@code transport_socket}; null for plain bytes
     */
    public static UpstreamTransport from(ConfigNode node, @Nullable UpstreamTransport inside) {
        return new ProxyProtocolTransport(ProxyHeaderWriter.from(node.message("config")), inside);
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
                ctx.writeAndFlush(header.write(ctx.channel(), options.downstream()));
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
        return header.write(channel, downstream).readableBytes()
                + (inside == null ? 0 : inside.bytesBefore(channel, downstream));
    }

    @Override
    public boolean tellsOfDownstream() {
        return true;
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
