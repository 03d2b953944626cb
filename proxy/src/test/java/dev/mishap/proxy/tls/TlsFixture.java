package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.transport.TransportSocketFactory;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A TLS client and a TLS server of ours, and the wire between them, without sockets. */
final class TlsFixture {
    static final String TLS = "envoy.extensions.transport_sockets.tls.v3.";

    final StatsStore stats = new StatsStore();
    final List<Runnable> watchers = new ArrayList<>();
    final TransportContext context;
    /** How many bytes the server is given at a time. */
    int piece = Integer.MAX_VALUE;

    final Tls tls;

    TlsFixture(TlsEngine engine) {
        this(engine, List.of());
    }

    TlsFixture(TlsEngine engine, List<ConfigNode> secrets) {
        context = new TransportContext(secrets, (directory, moved) -> watchers.add(moved));
        tls = new Tls(context, engine);
    }

    static Path file(String name) {
        try {
            return Path.of(TlsFixture.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(file(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ConfigNode node(String message, String yaml) {
        return ConfigReader.checkedYaml(TLS + message, yaml);
    }

    static String certificate(String name) {
        return certificate(name + ".crt", name + ".key");
    }

    static String certificate(String chain, String key) {
        return "{certificate_chain: {filename: '" + file(chain) + "'}, private_key: {filename: '" + file(key) + "'}}";
    }

    static String ca(String name) {
        return "trusted_ca: {filename: '" + file(name + ".crt") + "'}";
    }

    /** A server; {@code common} is added to its common context, {@code more} to the context itself. */
    TransportSocketFactory server(String certificates, String common, String more) {
        return tls.downstream(
                node(
                        "DownstreamTlsContext",
                        "common_tls_context: {tls_certificates: [" + certificates + "]" + comma(common) + "}\n" + more),
                stats.scope("listener.l."),
                null);
    }

    UpstreamTransport client(String common, String more) {
        return tls.upstream(
                node("UpstreamTlsContext", "common_tls_context: {" + common + "}\n" + more),
                stats.scope("cluster.c."),
                null);
    }

    private static String comma(String text) {
        return text.isEmpty() ? "" : ", " + text;
    }

    long server(String stat) {
        return stats.value("listener.l.ssl." + stat);
    }

    long client(String stat) {
        return stats.value("cluster.c.ssl." + stat);
    }

    /** Two ends of one connection. */
    final class Wire implements AutoCloseable {
        final EmbeddedChannel server = new EmbeddedChannel();
        final EmbeddedChannel client = new EmbeddedChannel();
        final ConnectionInfo info = ConnectionInfo.of(server);
        final StringBuilder atServer = new StringBuilder();
        final StringBuilder atClient = new StringBuilder();
        final Future<?> serverReady;
        final Future<?> clientReady;

        Wire(TransportSocketFactory down, UpstreamTransport up, UpstreamTransport.Options options) {
            this(down, up, options, info -> {});
        }

        /** @param prepare says what is known of the server's connection */
        Wire(
                TransportSocketFactory down,
                UpstreamTransport up,
                UpstreamTransport.Options options,
                Consumer<ConnectionInfo> prepare) {
            this(
                    down,
                    prepare,
                    c -> up.install(
                            c, new InetSocketAddress(InetAddress.getLoopbackAddress(), 443), "host.test", options));
        }

        Wire(TransportSocketFactory down, Function<Channel, Future<?>> up) {
            this(down, info -> {}, up);
        }

        private Wire(TransportSocketFactory down, Consumer<ConnectionInfo> prepare, Function<Channel, Future<?>> up) {
            prepare.accept(info);
            Future<?> ready = down.install(server, info);
            if (ready == null) {
                throw new IllegalStateException("a TLS socket is not ready at once");
            }
            serverReady = ready;
            server.pipeline().addLast(new Text(atServer));
            clientReady = up.apply(client);
            client.pipeline().addLast(new Text(atClient));
            client.pipeline().fireChannelActive();
            server.pipeline().fireChannelActive();
            pump();
        }

        /** Carries bytes and ends of streams until nothing is left to carry. */
        Wire pump() {
            boolean moved;
            do {
                moved = carry(client, server, piece) | carry(server, client, Integer.MAX_VALUE);
            } while (moved);
            return this;
        }

        private boolean carry(EmbeddedChannel from, EmbeddedChannel to, int piece) {
            from.runPendingTasks();
            ByteBuf out = from.readOutbound();
            boolean moved = false;
            while (out != null) {
                moved = true;
                while (out.isReadable() && to.isOpen()) {
                    to.writeInbound(Unpooled.copiedBuffer(out.readSlice(Math.min(piece, out.readableBytes()))));
                }
                out.release();
                out = from.readOutbound();
            }
            if (!from.isOpen() && to.isOpen()) {
                to.close();
                moved = true;
            }
            return moved;
        }

        Wire say(EmbeddedChannel from, String text) {
            from.writeOutbound(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
            return pump();
        }

        @Nullable
        TlsSession clientSession() {
            return client.attr(UpstreamTransport.SESSION).get();
        }

        @Override
        public void close() {
            client.close();
            pump();
            server.close();
            client.finishAndReleaseAll();
            server.finishAndReleaseAll();
        }
    }

    private static final class Text extends ChannelInboundHandlerAdapter {
        private final StringBuilder to;

        Text(StringBuilder to) {
            this.to = to;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf b = (ByteBuf) message;
            to.append(new String(ByteBufUtil.getBytes(b), StandardCharsets.UTF_8));
            b.release();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            to.append("<<").append(cause).append(">>");
        }
    }
}
