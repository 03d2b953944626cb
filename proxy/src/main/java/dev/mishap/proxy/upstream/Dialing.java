package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.util.concurrent.Future;
import java.net.ConnectException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The ways to one endpoint. */
final class Dialing implements UpstreamGate.Dial {
    private final Connector connector;
    private final Endpoint to;
    private final ChannelHandler handler;
    private @Nullable ChannelPromise held;

    Dialing(Connector connector, Endpoint to, ChannelHandler handler) {
        this.connector = connector;
        this.to = to;
        this.handler = handler;
    }

    @Override
    public ChannelFuture now() {
        return connector.dial(to, handler);
    }

    @Override
    public ChannelFuture later(long nanos) {
        long left = connector.timeoutNanos() - nanos;
        if (left <= 0) {
            return unanswered();
        }
        Channel channel = connector.socket(to, handler);
        channel.config().setConnectTimeoutMillis((int) Math.max(1, Math.min(Integer.MAX_VALUE, left / 1_000_000)));
        ChannelPromise done = channel.newPromise();
        after(nanos, channel, done, () -> connect(done));
        return done;
    }

    @Override
    public ChannelFuture refused() {
        Channel channel = connector.socket(to, handler);
        channel.close();
        return channel.newFailedFuture(new ConnectException("Connection refused"));
    }

    @Override
    public ChannelFuture unanswered() {
        Channel channel = connector.socket(to, handler);
        ChannelPromise done = channel.newPromise();
        held = done;
        after(connector.timeoutNanos(), channel, done, () -> {
            if (done.tryFailure(new ConnectTimeoutException("connection timed out: " + to))) {
                channel.close();
            }
        });
        return done;
    }

    @Override
    public void answer() {
        ChannelPromise done = held;
        held = null;
        if (done != null && !done.isDone() && done.channel().isOpen()) {
            connect(done);
        }
    }

    private void connect(ChannelPromise done) {
        connector.connect(done.channel(), to).addListener(f -> {
            if (f.isSuccess()) {
                done.trySuccess();
            } else {
                done.tryFailure(f.cause());
                done.channel().close(); // as a bootstrap does
            }
        });
    }

    /** Does something later, unless whoever wants the connection gives up before. */
    private static void after(long nanos, Channel channel, ChannelPromise done, Runnable action) {
        Future<?> timer = channel.eventLoop().schedule(action, nanos, TimeUnit.NANOSECONDS);
        channel.closeFuture().addListener(f -> {
            timer.cancel(false);
            done.tryFailure(new ClosedChannelException());
        });
    }
}
