package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection to an endpoint that has several addresses (RFC 8305): the next one is tried when one has failed, or has not answered
 * within {@link #NEXT_AFTER_MILLIS}, while those before are still waited for; the first that is there is the connection. The cluster's
 * connect timeout covers all of it. Confined to its loop.
 *
 * <p>{@link #channel} is that of the connection once the promise is kept, and of the last attempt when it is not.
 */
final class HappyEyeballs extends DefaultChannelPromise {
    /** As Envoy waits, which has no setting for it. */
    private static final long NEXT_AFTER_MILLIS = 300;

    private final Connector connector;
    private final Endpoint to;
    private final ChannelHandler handler;
    private final UpstreamTransport.Options options;
    private final Iterator<SocketAddress> left;
    private final List<ChannelFuture> tried = new ArrayList<>();
    private int trying;
    private @Nullable Channel last;
    private @Nullable Future<?> next;

    private HappyEyeballs(
            EventLoop loop,
            Channel first,
            Connector connector,
            Endpoint to,
            ChannelHandler handler,
            UpstreamTransport.Options options,
            Iterator<SocketAddress> left) {
        super(first, loop);
        this.connector = connector;
        this.to = to;
        this.handler = handler;
        this.options = options;
        this.left = left;
    }

    static ChannelFuture start(
            EventLoop loop,
            Connector connector,
            Endpoint to,
            ChannelHandler handler,
            UpstreamTransport.Options options,
            List<SocketAddress> order) {
        Iterator<SocketAddress> left = order.iterator();
        Attempt attempt = new Attempt(handler);
        ChannelFuture first = connector.connect(to, left.next(), attempt, options);
        HappyEyeballs all = new HappyEyeballs(loop, first.channel(), connector, to, handler, options, left);
        Future<?> timeout = loop.schedule(all::timedOut, connector.timeoutNanos(), TimeUnit.NANOSECONDS);
        all.addListener(f -> timeout.cancel(false));
        all.follow(first, attempt);
        return all;
    }

    @Override
    public Channel channel() {
        Channel c = last;
        return c == null ? super.channel() : c;
    }

    /** Gives the connection up, of which nobody wants to hear any more. */
    void abandon() {
        end(new ClosedChannelException());
    }

    private void follow(ChannelFuture attempt, Attempt placeholder) {
        trying++;
        tried.add(attempt);
        last = attempt.channel();
        if (attempt.isDone()) {
            ended(attempt, placeholder);
            return;
        }
        attempt.addListener(f -> ended(attempt, placeholder));
        if (left.hasNext()) {
            next = executor().schedule(this::tryNext, NEXT_AFTER_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void tryNext() {
        stopWaiting();
        if (isDone() || !left.hasNext()) {
            return;
        }
        connector.countAttempt(to);
        Attempt attempt = new Attempt(handler);
        follow(connector.connect(to, left.next(), attempt, options), attempt);
    }

    private void ended(ChannelFuture attempt, Attempt placeholder) {
        trying--;
        if (isDone()) {
            attempt.channel().close();
        } else if (attempt.isSuccess()) {
            last = attempt.channel();
            // The handler is there before who waits is told, and before anything is read.
            last.pipeline().replace(placeholder, null, handler);
            stopWaiting();
            trySuccess();
            closeOthers(attempt);
        } else if (left.hasNext()) {
            tryNext();
        } else if (trying == 0) {
            last = attempt.channel();
            end(attempt.cause());
        }
    }

    private void timedOut() {
        end(new ConnectTimeoutException("connection timed out: " + to));
    }

    private void end(@Nullable Throwable cause) {
        stopWaiting();
        if (tryFailure(cause == null ? new ClosedChannelException() : cause)) {
            closeOthers(null);
        }
    }

    private void closeOthers(@Nullable ChannelFuture kept) {
        for (ChannelFuture attempt : tried) {
            if (attempt != kept) {
                attempt.channel().close();
            }
        }
    }

    private void stopWaiting() {
        Future<?> timer = next;
        if (timer != null) {
            timer.cancel(false);
            next = null;
        }
    }

    /** Stands for the handler of the connection on a channel that may not become the connection. */
    static final class Attempt extends ChannelInboundHandlerAdapter {
        private final ChannelHandler handler;

        Attempt(ChannelHandler handler) {
            this.handler = handler;
        }

        /** Who the connection is for. */
        ChannelHandler handler() {
            return handler;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close(); // the attempt's future tells
        }
    }
}
