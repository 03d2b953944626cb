package dev.mishap.proxy.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Sizes of one channel's reads: Netty's adaptive ones, from 64 bytes to 64 KiB. The largest has room for the head of a message beside: 64 KiB of body
 * are as common as they are even, and would take a second read for the few bytes that their head has put behind.
 */
@SuppressWarnings("deprecation") // the type that ExtendedHandle is of
class AdaptiveReads implements ExtendedHandle {
    private static final AdaptiveRecvByteBufAllocator SIZES = new AdaptiveRecvByteBufAllocator();

    static {
        SIZES.maxMessagesPerRead(16); // as a channel sets it of the one that it makes for itself
    }

    private static final int LARGEST = 64 * 1024;
    private static final int HEAD = 16 * 1024;

    private final ExtendedHandle sizes = (ExtendedHandle) SIZES.newHandle();

    @Override
    public ByteBuf allocate(ByteBufAllocator alloc) {
        int size = sizes.guess();
        return alloc.ioBuffer(size == LARGEST ? LARGEST + HEAD : size);
    }

    @Override
    public final int guess() {
        return sizes.guess();
    }

    @Override
    public final void reset(ChannelConfig config) {
        sizes.reset(config);
    }

    @Override
    public final void incMessagesRead(int count) {
        sizes.incMessagesRead(count);
    }

    @Override
    public final void lastBytesRead(int bytes) {
        sizes.lastBytesRead(bytes);
    }

    @Override
    public final int lastBytesRead() {
        return sizes.lastBytesRead();
    }

    @Override
    public final void attemptedBytesRead(int bytes) {
        sizes.attemptedBytesRead(bytes);
    }

    @Override
    public final int attemptedBytesRead() {
        return sizes.attemptedBytesRead();
    }

    @Override
    public boolean continueReading() {
        return sizes.continueReading();
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
        return sizes.continueReading(maybeMoreData);
    }

    @Override
    public final void readComplete() {
        sizes.readComplete();
    }
}
