package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.AddressText;
import dev.mishap.proxy.upstream.UpstreamGate.Way;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.util.concurrent.Future;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One connection to an address on its way, which may be made to wait. Confined to its loop. */
final class Dialing {
    private final Connector connector;
    private final SocketAddress to;
    private final ChannelHandler handler;
    /** Of a connection that waits, or has waited; null for one that does not. */
    private @Nullable ChannelPromise done;

    private @Nullable Future<?> delay;
    private boolean cut;
    private boolean connecting;

    Dialing(Connector connector, SocketAddress to, ChannelHandler handler) {
        this.connector = connector;
        this.to = to;
        this.handler = handler;
    }

    /** Begins. */
    ChannelFuture start(Way way) {
        if (way.isNow()) {
            return connector.dial(to, handler);
        }
        ChannelFuture registered = connector.socket(to, handler);
        if (registered.cause() != null) {
            return registered; // of no loop, which the rest goes by
        }
        Channel channel = registered.channel();
        if (way.refused()) {
            channel.close();
            return channel.newFailedFuture(refusal());
        }
        ChannelPromise promise = channel.newPromise();
        done = promise;
        Future<?> end = in(connector.timeoutNanos(), channel, () -> fail(timeout()));
        promise.addListener(f -> end.cancel(false));
        channel.closeFuture().addListener(f -> fail(new ClosedChannelException()));
        cut = way.cut();
        if (way.delayNanos() > 0) {
            delay = in(way.delayNanos(), channel, this::delayOver);
        }
        return promise;
    }

    /** Goes on as is decided now, if it still waits. */
    void change(Way way) {
        ChannelPromise promise = done;
        if (promise == null || promise.isDone() || connecting) {
            return;
        }
        if (way.refused()) {
            fail(refusal());
            return;
        }
        cut = way.cut();
        Future<?> waits = delay;
        if (way.delayNanos() == 0 && waits != null) {
            waits.cancel(false);
            delay = null;
        }
        goOn();
    }

    private void delayOver() {
        delay = null;
        goOn();
    }

    private void goOn() {
        ChannelPromise promise = done;
        if (promise == null || promise.isDone() || connecting || cut || delay != null) {
            return;
        }
        connecting = true;
        connector.connect(promise.channel(), to).addListener(f -> {
            if (f.isSuccess()) {
                promise.trySuccess();
            } else {
                fail(f.cause());
            }
        });
    }

    private void fail(Throwable cause) {
        Future<?> waits = delay;
        if (waits != null) {
            waits.cancel(false);
            delay = null;
        }
        ChannelPromise promise = done;
        if (promise != null && promise.tryFailure(cause)) {
            promise.channel().close(); // as a bootstrap does
        }
    }

    private static Future<?> in(long nanos, Channel channel, Runnable action) {
        return channel.eventLoop().schedule(action, nanos, TimeUnit.NANOSECONDS);
    }

    private static ConnectException refusal() {
        return new ConnectException("Connection refused");
    }

    private ConnectTimeoutException timeout() {
        return new ConnectTimeoutException("connection timed out: " + AddressText.of(to));
    }
}
