package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.filter.network.mishap.BytePath.Shaped;
import dev.mishap.rules.fault.Side;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands at the socket's end of a connection's pipeline, so that it sees the bytes as they are on the wire, whatever is made of
 * them behind it. Holds back reads and writes while more than {@link BytePath#HIGH_WATER} waits in a direction.
 */
final class ByteFaults extends ChannelDuplexHandler {
    /** The first of Netty's user-defined reasons for a channel to be unwritable that are ours; there are 31. */
    private static final int FIRST_WRITABILITY_INDEX = 7;

    private static final int LAST_WRITABILITY_INDEX = 31;

    /** Bytes and entries (96 bytes each) that wait for the socket before the path to it waits, too. */
    private static final int MOST_WRITTEN = 64 * 1024;

    private final int writabilityIndex;

    private final Channel channel;
    private final boolean halfCloses;
    private final BytePath in;
    private final BytePath out;

    private @Nullable ChannelHandlerContext context;
    private boolean readWanted;
    /** Reads are held back, whatever the filters want; what they want meanwhile is in {@link #wish}. */
    private boolean holding;

    private boolean wish;
    private boolean probing;
    private boolean silent;
    private boolean ending;
    private boolean finishing;

    /** After how many bytes something ends the connection, as it was asked for, and the number of the last one that passes. */
    private long resetAfter = Long.MAX_VALUE;

    private long closeAfter = Long.MAX_VALUE;
    private long silentAfter = Long.MAX_VALUE;
    private long resetAt = Long.MAX_VALUE;
    private long closeAt = Long.MAX_VALUE;
    private long silentAt = Long.MAX_VALUE;
    private Runnable reset = () -> {};
    private Runnable close = () -> {};
    private Runnable silence = () -> {};
    private @Nullable Runnable atDrained;
    /** Told that nothing is left to do here; null while there is. */
    private @Nullable Runnable onLeft;

    /**
     * Faults of one connection by one set of rules.
     *
     * @param halfCloses whether what is behind this handler knows what to do with an end of one direction
     * @param side whose connection it is
     * @param layer how many such handlers the connection may have already
     */
    ByteFaults(Channel channel, boolean halfCloses, Side side, int layer) {
        this.writabilityIndex = Math.min(FIRST_WRITABILITY_INDEX + layer, LAST_WRITABILITY_INDEX);
        this.channel = channel;
        this.halfCloses = halfCloses;
        boolean fromClient = side == Side.DOWNSTREAM;
        LongSupplier clock = channel.eventLoop() instanceof AbstractScheduledEventExecutor executor
                ? executor.ticker()::nanoTime
                : System::nanoTime;
        in = new BytePath(channel.eventLoop(), clock, new InSink(), fromClient);
        out = new BytePath(channel.eventLoop(), clock, new OutSink(), !fromClient);
    }

    void configure(List<Shaped> faults) {
        in.configure(faults);
        out.configure(faults);
    }

    /**
     * What happens when so many bytes have passed from now on, both directions together; {@link Long#MAX_VALUE} = never. One that is as
     * it was counts on.
     */
    void endings(
            long resetBytes,
            long closeBytes,
            long silentBytes,
            Runnable onReset,
            Runnable onClose,
            Runnable onSilence) {
        resetAt = at(resetBytes, resetAfter, resetAt);
        closeAt = at(closeBytes, closeAfter, closeAt);
        silentAt = at(silentBytes, silentAfter, silentAt);
        resetAfter = resetBytes;
        closeAfter = closeBytes;
        silentAfter = silentBytes;
        reset = onReset;
        close = onClose;
        silence = onSilence;
    }

    private long at(long after, long before, long at) {
        if (after == before) {
            return at;
        }
        long passed = in.taken() + out.taken();
        return after > Long.MAX_VALUE - passed ? Long.MAX_VALUE : passed + after;
    }

    /** Nothing is to happen to bytes any more: once none waits here, the handler takes itself out of the pipeline and tells so. */
    void leave(Runnable left) {
        onLeft = left;
        tryToLeave();
    }

    /** Something is to happen to bytes again. */
    void stay() {
        onLeft = null;
    }

    private void tryToLeave() {
        Runnable left = onLeft;
        ChannelHandlerContext ctx = context;
        if (left != null
                && ctx != null
                && !ctx.isRemoved()
                && in.isIdle()
                && out.isIdle()
                && !silent
                && !ending
                && atDrained == null) {
            onLeft = null;
            ctx.pipeline().remove(this);
            left.run();
        }
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext ctx = context;
        assert ctx != null;
        return ctx;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        // So that an end of the client's direction is told as that and can wait for its turn.
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }

    // ---- from the peer ----

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data)) {
            ctx.fireChannelRead(message);
            return;
        }
        if (silent || ending) {
            data.release();
            return;
        }
        Runnable last = cut(data);
        if (in.isClear()) {
            in.passed(data.readableBytes());
            ctx.fireChannelRead(data);
            if (last != null) {
                ctx.fireChannelReadComplete();
            }
        } else {
            in.offer(data, null);
        }
        finish(last);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (in.isClear()) {
            ctx.fireChannelReadComplete();
        }
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        if (probing) {
            return;
        }
        readWanted = true;
        if (holding) {
            wish |= channel.config().isAutoRead();
            channel.config().setAutoRead(false);
            in.drain();
        } else {
            in.drain();
            if (!holding) {
                ctx.read();
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event != ChannelInputShutdownEvent.INSTANCE) {
            ctx.fireUserEventTriggered(event);
        } else if (silent || ending) {
            ctx.close();
        } else if (in.isClear()) {
            endOfRequest();
        } else {
            in.end();
        }
    }

    private void endOfRequest() {
        if (halfCloses) {
            context().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        } else {
            context().close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        in.close();
        out.close();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        in.close();
        out.close();
        if (!halfCloses && ctx.pipeline().get(ByteFaults.class) == null) { // that of other rules needs it, too
            channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        }
    }

    // ---- to the peer ----

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf data)) {
            if (silent || ending) {
                ReferenceCountUtil.release(message);
                promise.trySuccess();
            } else {
                ctx.write(message, promise);
            }
            return;
        }
        if (silent || ending) {
            data.release();
            promise.trySuccess();
            return;
        }
        Runnable last = cut(data);
        if (out.isClear()) {
            out.passed(data.readableBytes());
            ctx.write(data, promise);
        } else {
            out.offer(data, promise.isVoid() ? null : promise);
        }
        finish(last);
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        ctx.flush();
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (silent) {
            promise.trySuccess();
        } else {
            ctx.close(promise);
        }
    }

    /** Breaks the connection, whatever the filters want. */
    void closeNow() {
        ending = true;
        context().close();
    }

    /**
     * Ends the connection by a FIN: what the client still sends is read and dropped until it ends, too, since the kernel answers
     * with a reset when a socket is closed that has unread bytes.
     */
    void finish() {
        if (!finishing) {
            finishing = true;
            ending = true;
            in.close();
            FinalClose.by(context());
        }
    }

    boolean isSilent() {
        return silent;
    }

    /** What waits goes on now. */
    void hurry() {
        in.hurry();
        out.hurry();
    }

    /** From now on nothing passes either way: the filters are told that the client is gone, the client is told nothing. */
    void goSilent() {
        if (silent) {
            return;
        }
        in.close();
        out.close();
        if (halfCloses) {
            context().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
        silent = true;
        if (channel.isActive()) {
            channel.config().setAutoRead(true);
            context().read();
        }
    }

    // ---- after so many bytes ----

    /** Shortens data to what may still pass; what is to be done once that has passed, or null. */
    private @Nullable Runnable cut(ByteBuf data) {
        long last = Math.min(resetAt, Math.min(closeAt, silentAt));
        if (last == Long.MAX_VALUE) {
            return null;
        }
        long rest = last - in.taken() - out.taken();
        if (data.readableBytes() < rest) {
            return null;
        }
        data.writerIndex(data.readerIndex() + (int) Math.max(0, rest));
        return last == resetAt ? reset : last == closeAt ? close : silence;
    }

    private void finish(@Nullable Runnable last) {
        if (last == null) {
            return;
        }
        ending = last != silence;
        atDrained = last;
        context().flush();
        if (in.isEmpty() && out.isEmpty()) {
            drained();
        }
    }

    private void drained() {
        if (onLeft != null && in.isEmpty() && out.isEmpty()) {
            channel.eventLoop().execute(this::tryToLeave); // the path that tells so is not done yet
        }
        Runnable last = atDrained;
        if (last != null && in.isEmpty() && out.isEmpty()) {
            atDrained = null;
            if (channel.isOpen()) {
                last.run();
            }
        }
    }

    private final class InSink implements BytePath.Sink {
        @Override
        public boolean ready() {
            return readWanted || (holding ? wish : channel.config().isAutoRead());
        }

        @Override
        public void emit(ByteBuf transferred, @Nullable ChannelPromise promise) {
            readWanted = false;
            if (!holding) {
                context().fireChannelRead(transferred);
                return;
            }
            // The filters find the channel as they have left it, so that what they say of it now can be told.
            probing = true;
            channel.config().setAutoRead(wish);
            probing = false;
            context().fireChannelRead(transferred);
            wish = channel.config().isAutoRead();
            channel.config().setAutoRead(false);
        }

        @Override
        public void end() {
            endOfRequest();
        }

        @Override
        public void flush() {
            context().fireChannelReadComplete();
            drained();
        }

        @Override
        public void limitReached() {
            close.run();
            ByteFaults.this.finish();
        }

        @Override
        public void full(boolean full) {
            holding = full;
            if (full) {
                wish = channel.config().isAutoRead();
                channel.config().setAutoRead(false);
            } else if (wish) {
                channel.config().setAutoRead(true);
            }
        }
    }

    private final class OutSink implements BytePath.Sink {
        /** As much waits for the socket as it may; what comes then stays in the path, uncut. */
        private boolean behind;

        @Override
        public boolean ready() {
            return !behind;
        }

        @Override
        public void emit(ByteBuf transferred, @Nullable ChannelPromise promise) {
            ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
            if (buffer == null || buffer.totalPendingWriteBytes() < MOST_WRITTEN) {
                context().write(transferred, promise == null ? context().voidPromise() : promise);
                return;
            }
            behind = true;
            ChannelPromise sent = promise == null ? context().newPromise() : promise;
            sent.addListener(f -> {
                behind = false;
                out.drain();
            });
            context().write(transferred, sent);
        }

        @Override
        public void end() {
            throw new AssertionError("only a client ends by a marker");
        }

        @Override
        public void flush() {
            context().flush();
            drained();
        }

        @Override
        public void limitReached() {
            ByteFaults.this.finish();
        }

        @Override
        public void full(boolean full) {
            ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
            if (buffer != null) {
                buffer.setUserDefinedWritability(writabilityIndex, !full);
            }
        }
    }
}
