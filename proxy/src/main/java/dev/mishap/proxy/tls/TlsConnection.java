package dev.mishap.proxy.tls;

import dev.mishap.proxy.transport.ConnectionLoss;
import dev.mishap.proxy.transport.HalfClose;
import dev.mishap.proxy.transport.NoTls;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Promise;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Stands behind a connection's {@link SslHandler}: counts how handshakes end, keeps what they led to, and lets nothing of TLS reach
 * the protocol's handlers but plain bytes. A peer's close_notify is the end of its stream.
 */
final class TlsConnection extends ChannelInboundHandlerAdapter implements HalfClose.Transport {
    /** What a finished handshake is told to. */
    interface Owner {
        void established(Session session);

        void failed(@Nullable String reason);
    }

    /** A record with the fatal alert protocol_version, for who sends what is no TLS. */
    private static final byte[] PROTOCOL_VERSION = {21, 3, 1, 0, 2, 2, 70};

    private final SslHandler handler;
    private final TlsContext context;
    private final Owner owner;
    private final Promise<Channel> ready;
    private boolean failed;
    /** What the peer has begun with instead of a record. */
    private @Nullable NoTls instead;

    TlsConnection(Channel channel, SslHandler handler, TlsContext context, Owner owner, Promise<Channel> ready) {
        this.handler = handler;
        this.context = context;
        this.owner = owner;
        this.ready = ready;
    }

    static Owner owner(Consumer<Session> established, Consumer<@Nullable String> failed) {
        return new Owner() {
            @Override
            public void established(Session session) {
                established.accept(session);
            }

            @Override
            public void failed(@Nullable String reason) {
                failed.accept(reason);
            }
        };
    }

    /** close_notify, behind what is written. */
    @Override
    public ChannelFuture endOutput() {
        Channel channel = ready.isSuccess() ? ready.getNow() : null;
        if (channel == null) {
            return handler.closeOutbound();
        }
        ChannelPromise ended = channel.newPromise();
        // Not from here: who is told of a handshake stands within the handler, which takes a close then for the end of
        // reading.
        channel.eventLoop()
                .execute(() ->
                        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> handler.closeOutbound(ended)));
        return ended;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.fireChannelActive();
        if (!ctx.channel().config().isAutoRead() && !ready.isDone()) {
            ctx.read(); // whoever does not want data yet wants the handshake all the same
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            if (handshake.isSuccess()) {
                succeeded(ctx);
            } else {
                failed(ctx, handshake.cause());
            }
        } else if (event instanceof SslCloseCompletionEvent close) {
            if (close.isSuccess() && ctx.channel().isActive()) {
                closeNotify(ctx);
            }
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    private static void closeNotify(ChannelHandlerContext ctx) {
        if (Boolean.TRUE.equals(ctx.channel().config().getOption(ChannelOption.ALLOW_HALF_CLOSURE))) {
            ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        } else {
            ctx.close();
        }
    }

    private void succeeded(ChannelHandlerContext ctx) {
        Session session = new Session(
                handler.engine(),
                handler.applicationProtocol(),
                context.certificate(),
                context.verifier(),
                context.asksPeer());
        TlsStats stats = context.stats();
        stats.handshake.inc();
        if (session.reused()) {
            stats.sessionReused.inc();
        }
        if (session.peerCertificates().isEmpty()) {
            stats.noCertificate.inc();
        }
        stats.negotiated("versions.", session.version());
        stats.negotiated("ciphers.", session.cipher());
        if (session.group() != null) {
            stats.negotiated("curves.", session.group());
        }
        String signature = session.signatureAlgorithm();
        if (signature != null) {
            stats.negotiated("sigalgs.", signature);
        }
        owner.established(session);
        ready.trySuccess(ctx.channel());
    }

    private void failed(ChannelHandlerContext ctx, Throwable cause) {
        if (!failed) {
            failed = true;
            TlsFailure.count(cause, context.stats());
            NoTls what = instead;
            owner.failed(what == null ? TlsFailure.text(cause) : TlsFailure.text(what));
            ChannelHandlerContext below = ctx.pipeline().context(handler);
            if (what == NoTls.WRONG_VERSION_NUMBER && below != null) {
                below.writeAndFlush(Unpooled.wrappedBuffer(PROTOCOL_VERSION));
            }
            ready.tryFailure(cause);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        boolean tls = cause instanceof SSLException
                || cause instanceof DecoderException && cause.getCause() instanceof SSLException;
        if (!tls) {
            ctx.fireExceptionCaught(cause);
            return;
        }
        failed(ctx, cause);
        ctx.close();
    }

    /** Stands before all else until there are bytes, to see whether these are TLS: what fails later does not tell. */
    ChannelInboundHandlerAdapter first() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                instead = NoTls.of((ByteBuf) message);
                ctx.fireChannelRead(message);
                ctx.pipeline().remove(this);
            }
        };
    }

    /**
     * Stands before the {@link SslHandler}, which keeps it to itself when a connection on which it has said its last is reset: that
     * is an end like others to it, but not to the other side of a proxied connection.
     */
    ChannelInboundHandlerAdapter resets() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                ChannelHandlerContext behind = ctx.pipeline().context(TlsConnection.this);
                if (ready.isSuccess() && behind != null && ConnectionLoss.is(cause)) {
                    owner.failed(TlsFailure.RESET);
                    behind.fireExceptionCaught(cause);
                } else {
                    ctx.fireExceptionCaught(cause);
                }
            }
        };
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ready.tryFailure(new java.nio.channels.ClosedChannelException());
        ctx.fireChannelInactive();
    }
}
