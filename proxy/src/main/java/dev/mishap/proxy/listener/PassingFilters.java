package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilter.Status;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * Runs the network filters before the last one of a connection's chain. It adds the terminal filter when all of them have let
 * the connection pass. While some of them want to see bytes it is a handler before the terminal filter's; it leaves the
 * pipeline when none does.
 */
final class PassingFilters extends ChannelInboundHandlerAdapter implements NetworkFilter.Connection {
    private final Channel channel;
    private final ConnectionInfo info;
    private final TerminalFilterFactory terminal;
    private final int bufferLimit;
    /** Null where a filter wants to see nothing more. */
    private final @Nullable NetworkFilter[] filters;

    private @Nullable ChannelHandlerContext context;
    /** What was read and is not yet handed on. */
    private ByteBuf held = Unpooled.EMPTY_BUFFER;

    private boolean ended;
    private boolean endPassed;
    private boolean closed;
    private boolean installed;
    private boolean paused;
    /** How many filters know of the connection. */
    private int greeted;
    /** The filter that stopped, or -1. */
    private int stoppedAt = -1;

    private PassingFilters(
            Channel channel, ConnectionInfo info, FilterChain chain, TerminalFilterFactory terminal, int bufferLimit) {
        this.channel = channel;
        this.info = info;
        this.terminal = terminal;
        this.bufferLimit = bufferLimit;
        this.filters = new NetworkFilter[chain.passing().size()];
        for (int i = 0; i < filters.length; i++) {
            filters[i] = chain.passing().get(i).create();
        }
    }

    /** Runs the filters of {@code chain}. */
    static void install(
            Channel channel, ConnectionInfo info, FilterChain chain, TerminalFilterFactory terminal, int bufferLimit) {
        PassingFilters all = new PassingFilters(channel, info, chain, terminal, bufferLimit);
        channel.closeFuture().addListener(f -> all.ended());
        all.run(0);
        if (all.stoppedAt >= 0 && !all.closed) {
            all.join();
        }
    }

    private void join() {
        if (context == null) {
            channel.pipeline().addLast(this);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    /** Shows the connection and the held bytes to the filters from {@code from} on, up to the first that stops. */
    private void run(int from) {
        stoppedAt = -1;
        for (int i = from; i < filters.length; i++) {
            NetworkFilter f = filters[i];
            if (f == null) {
                continue;
            }
            Status status = Status.CONTINUE;
            if (i == greeted) {
                greeted++;
                status = f.onNewConnection(this);
            }
            if (status == Status.CONTINUE && !closed && (held.isReadable() || ended && !endPassed)) {
                status = f.onData(held, ended);
            }
            if (closed) {
                return;
            }
            if (status == Status.STOP) {
                stoppedAt = i;
                limitHeld();
                return;
            }
            if (status == Status.DONE) {
                filters[i] = null;
                channel.closeFuture().addListener(c -> f.onClose());
            }
        }
        pass();
    }

    private void pass() {
        if (!installed) {
            installed = true;
            if (wanted()) {
                join();
            }
            terminal.install(channel, info);
        }
        ByteBuf data = held;
        held = Unpooled.EMPTY_BUFFER;
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            return;
        }
        if (data.isReadable()) {
            ctx.fireChannelRead(data);
            ctx.fireChannelReadComplete();
        }
        if (ended && !endPassed) {
            endPassed = true;
            ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
        if (paused) {
            paused = false;
            channel.config().setAutoRead(true);
        }
        if (!wanted() && !ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    /** Whether a filter wants to see what comes. */
    private boolean wanted() {
        for (NetworkFilter f : filters) {
            if (f != null) {
                return true;
            }
        }
        return false;
    }

    private void limitHeld() {
        if (!paused && held.readableBytes() >= bufferLimit) {
            paused = true;
            channel.config().setAutoRead(false);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (closed) {
            in.release();
            return;
        }
        held = held.isReadable() ? Unpooled.wrappedBuffer(held, in) : in;
        run(0);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (installed) {
            ctx.fireChannelReadComplete();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && !ended) {
            ended = true;
            run(0);
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    private void ended() {
        closed = true;
        held.release();
        held = Unpooled.EMPTY_BUFFER;
        if (!installed) {
            terminal.closedBefore(info);
        }
        for (int i = 0; i < greeted; i++) {
            NetworkFilter f = filters[i];
            if (f != null) {
                filters[i] = null;
                f.onClose();
            }
        }
    }

    // ---- what filters do ----

    @Override
    public Channel channel() {
        return channel;
    }

    @Override
    public ConnectionInfo info() {
        return info;
    }

    @Override
    public void resume() {
        if (!closed && stoppedAt >= 0) {
            run(stoppedAt + 1);
        }
    }

    @Override
    public void close(String reason) {
        closed = true;
        info.localCloseReason = reason;
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void closeNow(String reason) {
        closed = true;
        info.localCloseReason = reason;
        channel.close();
    }
}
