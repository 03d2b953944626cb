package dev.mishap.proxy.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * How much a channel reads at once: as much as comes, until {@link #small} is called. Then a little, once, since who called it moves the
 * rest past the pipeline. One a channel.
 */
public final class ReadSize implements RecvByteBufAllocator {
    private static final int LITTLE = 4096;

    private boolean small;

    /** Whether only a little is read at once. */
    public void small(boolean on) {
        small = on;
    }

    @Override
    @SuppressWarnings("deprecation") // the type of what is overridden
    public Handle newHandle() {
        return new SizeHandle((ExtendedHandle) new AdaptiveRecvByteBufAllocator().newHandle());
    }

    private final class SizeHandle implements ExtendedHandle {
        private final ExtendedHandle usual;

        SizeHandle(ExtendedHandle usual) {
            this.usual = usual;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            return small ? alloc.ioBuffer(LITTLE) : usual.allocate(alloc);
        }

        @Override
        public int guess() {
            return small ? LITTLE : usual.guess();
        }

        @Override
        public void reset(ChannelConfig config) {
            usual.reset(config);
        }

        @Override
        public void incMessagesRead(int count) {
            usual.incMessagesRead(count);
        }

        @Override
        public void lastBytesRead(int bytes) {
            usual.lastBytesRead(bytes);
        }

        @Override
        public int lastBytesRead() {
            return usual.lastBytesRead();
        }

        @Override
        public void attemptedBytesRead(int bytes) {
            usual.attemptedBytesRead(bytes);
        }

        @Override
        public int attemptedBytesRead() {
            return usual.attemptedBytesRead();
        }

        @Override
        public boolean continueReading() {
            return !small && usual.continueReading();
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return !small && usual.continueReading(maybeMoreData);
        }

        @Override
        public void readComplete() {
            usual.readComplete();
        }
    }
}
