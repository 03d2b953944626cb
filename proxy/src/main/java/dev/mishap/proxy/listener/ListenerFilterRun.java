package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.filter.listener.ListenerFilter.Status;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes a new connection through the listener filters. Only when one of them waits for bytes does it join the pipeline; it
 * keeps what is read until all filters are done, and hands it on when the filter chain is in place.
 */
final class ListenerFilterRun extends ChannelInboundHandlerAdapter {
    /** Whoever wants to see more than this of a connection before anything is known of it gets no more. */
    private static final int MAX_PEEKED = 128 * 1024;

    /** What happens when the filters are through. */
    interface End {
        /** Goes on with the connection; false when nobody serves it, and it is to be closed. */
        boolean reached(Channel channel, ConnectionInfo info);
    }

    private final Channel channel;
    private final ConnectionInfo info;
    private final ListenerConfig config;
    private final ListenerStats stats;
    private final End end;
    private final ListenerFilter[] filters;

    private @Nullable ChannelHandlerContext context;
    private @Nullable ScheduledFuture<?> timeout;
    private ByteBuf peeked = Unpooled.EMPTY_BUFFER;
    private int at;
    private boolean over;

    ListenerFilterRun(Channel channel, ConnectionInfo info, ListenerConfig config, ListenerStats stats, End end) {
        this.channel = channel;
        this.info = info;
        this.config = config;
        this.stats = stats;
        this.end = end;
        this.filters = new ListenerFilter[config.filters().size()];
        for (int i = 0; i < filters.length; i++) {
            filters[i] = config.filters().get(i).create();
        }
    }

    void start() {
        stats.preActive.inc();
        next();
    }

    /** Shows the connection to the next filters, until one waits. */
    private void next() {
        while (at < filters.length) {
            ListenerFilter f = filters[at];
            Status status = f.onAccept(channel, info);
            if (status == Status.NEED_BYTES && peeked.isReadable()) {
                status = f.onBytes(peeked);
            }
            if (!goOn(status)) {
                return;
            }
        }
        finish();
    }

    /** Whether the filter at hand is done. */
    private boolean goOn(Status status) {
        switch (status) {
            case CONTINUE:
                at++;
                return true;
            case CLOSE:
                drop();
                return false;
            default:
                await();
                return false;
        }
    }

    private void await() {
        if (peeked.readableBytes() > MAX_PEEKED) {
            stats.filterError.inc();
            drop();
            return;
        }
        if (context == null) {
            channel.pipeline().addLast(this);
            long limit = config.filtersTimeoutNanos();
            if (limit > 0) {
                timeout = channel.eventLoop().schedule(this::tooSlow, limit, TimeUnit.NANOSECONDS);
            }
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (over) {
            if (channel.isOpen()) {
                ctx.fireChannelRead(in);
            } else {
                in.release();
            }
            return;
        }
        append(in);
        if (goOn(filters[at].onBytes(peeked))) {
            next();
        }
    }

    private void append(ByteBuf in) {
        if (!peeked.isReadable()) {
            peeked.release();
            peeked = in;
        } else if (peeked instanceof CompositeByteBuf all) {
            all.addFlattenedComponents(true, in);
        } else {
            peeked = channel.alloc()
                    .compositeBuffer(64)
                    .addFlattenedComponents(true, peeked)
                    .addFlattenedComponents(true, in);
        }
    }

    private void tooSlow() {
        if (over) {
            return;
        }
        stats.preTimeout.inc();
        for (int i = at; i < filters.length; i++) {
            filters[i].onGone();
        }
        if (config.continueOnTimeout()) {
            finish();
        } else {
            drop();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!over) {
            stats.filterRemoteClose.inc();
            filters[at].onGone();
            drop();
        } else {
            ctx.fireChannelInactive();
        }
    }

    private void drop() {
        stop();
        discard();
    }

    /** Closes; when there are bytes that nobody took, by a reset, as if they still were in the socket. */
    private void discard() {
        if (peeked.isReadable() && channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        peeked.release();
        peeked = Unpooled.EMPTY_BUFFER;
        channel.close();
    }

    private void stop() {
        over = true;
        stats.preActive.dec();
        if (timeout != null) {
            timeout.cancel(false);
        }
    }

    private void finish() {
        stop();
        if (!end.reached(channel, info)) {
            discard();
            return;
        }
        ByteBuf first = peeked;
        peeked = Unpooled.EMPTY_BUFFER;
        ChannelHandlerContext ctx = context;
        if (ctx == null || !channel.isOpen()) {
            first.release();
            return;
        }
        if (first.isReadable()) {
            ctx.fireChannelRead(first);
            ctx.fireChannelReadComplete();
        } else {
            first.release();
        }
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }
}
