package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.transport.ReadSize;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.FileRegion;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.AbstractReferenceCounted;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Moves the bytes of one direction from socket to socket within the kernel, through a pipe, each time before its sender is read. It only does
 * so when nothing waits to be written, so that bytes which were read the usual way keep their place; what the receiver does not take
 * at once waits in the pipe, and is written by the receiver's event loop like any other message. Every byte is counted as it enters the pipe.
 *
 * <p>Netty's own {@code spliceTo} is not used: it takes the end of the sender for the end of what there is to read, and does not
 * tell how much it moved before that. Confined to the loop of both channels.
 */
final class Splice implements ReadSize.Bypass {
    /** What a pipe holds of single pages; of larger pieces of memory, which most senders' bytes come in, it holds more. */
    private static final int PIPE = 64 * 1024;

    /** As much is moved in one go before other connections of the loop have their turn. */
    private static final int TURN = 1 << 20;

    private final EpollSocketChannel from;
    private final EpollSocketChannel to;
    private final IntConsumer moved;
    private final Runnable emptied;
    private final FileDescriptor in;
    private final FileDescriptor out;
    /** Bytes that may wait in the pipe. */
    private final int limit;

    private boolean waiting;
    private boolean closed;
    private @Nullable IOException failure;

    private Splice(
            EpollSocketChannel from,
            EpollSocketChannel to,
            FileDescriptor[] pipe,
            IntConsumer moved,
            Runnable emptied) {
        this.from = from;
        this.to = to;
        this.out = pipe[0];
        this.in = pipe[1];
        this.moved = moved;
        this.emptied = emptied;
        this.limit = Math.max(PIPE, to.config().getWriteBufferHighWaterMark());
        to.closeFuture().addListener(f -> close());
    }

    /** Whether bytes can be moved between the two as things are: both are plain epoll sockets, and nobody looks at the bytes. */
    static boolean isPossible(Channel one, Channel other) {
        return one instanceof EpollSocketChannel
                && other instanceof EpollSocketChannel
                && isPlain(one)
                && isPlain(other);
    }

    /**
     * Prepares to move bytes between two channels for which {@link #isPossible it is possible}; null when there are no file descriptors
     * left for a pipe.
     *
     * @param reads of {@code from}
     * @param moved told of bytes that went into the pipe
     * @param emptied runs when the receiver has taken what it first did not take
     */
    static @Nullable Splice between(Channel from, Channel to, ReadSize reads, IntConsumer moved, Runnable emptied) {
        try {
            Splice made = new Splice(
                    (EpollSocketChannel) from, (EpollSocketChannel) to, FileDescriptor.pipe(), moved, emptied);
            reads.bypass(made);
            return made;
        } catch (IOException e) {
            return null; // bytes are copied
        }
    }

    /** Whether nobody but the proxy looks at the bytes; who does may come and go. */
    private static boolean isPlain(Channel channel) {
        return channel.pipeline().first() == channel.pipeline().last();
    }

    /** Whether bytes wait in the pipe; then nothing is to be read from the sender. */
    boolean waiting() {
        return waiting;
    }

    /** Moves what can be read now; what is left in the pipe is written, but not flushed. False when somebody looks at the bytes. */
    @Override
    public boolean move() throws IOException {
        for (int left = TURN; left > 0 && ready(); ) {
            int n = Native.splice(from.fd().intValue(), -1, in.intValue(), -1, limit);
            if (n <= 0) {
                break; // nothing there, or the end, which the read finds
            }
            moved.accept(n);
            deliver(n);
            left -= n;
        }
        return isPlain(from) && isPlain(to);
    }

    private boolean ready() {
        ChannelOutboundBuffer buffer = to.unsafe().outboundBuffer();
        return !closed
                && !waiting
                && failure == null
                && isPlain(from)
                && isPlain(to)
                && from.isOpen()
                && buffer != null
                && buffer.isEmpty()
                && buffer.totalPendingWriteBytes() == 0;
    }

    private void deliver(int n) {
        int left = n;
        try {
            while (left > 0) {
                int w = Native.splice(out.intValue(), -1, to.fd().intValue(), -1, left);
                if (w <= 0) {
                    break;
                }
                left -= w;
            }
        } catch (IOException e) {
            failure = e;
            return;
        }
        if (left > 0) {
            waiting = true;
            to.write(new Rest(left)).addListener((ChannelFutureListener) f -> {
                waiting = false;
                if (f.isSuccess()) {
                    emptied.run();
                }
            });
        }
    }

    /** To be called when the sender has been read: tells the receiver that its connection is gone, if that is how bytes failed to be moved. */
    void completed() {
        IOException f = failure;
        if (f != null && !closed) {
            to.pipeline().fireExceptionCaught(f);
        }
    }

    private void close() {
        if (!closed) {
            closed = true;
            try {
                in.close();
                out.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** What is left in the pipe, as a message to be written when the receiver takes more. */
    private final class Rest extends AbstractReferenceCounted implements FileRegion {
        private final int count;
        private int transferred;

        Rest(int count) {
            this.count = count;
        }

        @Override
        public long position() {
            return 0;
        }

        @Override
        @Deprecated
        public long transfered() {
            return transferred;
        }

        @Override
        public long transferred() {
            return transferred;
        }

        @Override
        public long count() {
            return count;
        }

        @Override
        public long transferTo(WritableByteChannel target, long position) throws IOException {
            int n = Native.splice(out.intValue(), -1, to.fd().intValue(), -1, count - transferred);
            transferred += Math.max(n, 0);
            return n;
        }

        @Override
        protected void deallocate() {}

        @Override
        public FileRegion retain() {
            super.retain();
            return this;
        }

        @Override
        public FileRegion retain(int increment) {
            super.retain(increment);
            return this;
        }

        @Override
        public FileRegion touch() {
            return this;
        }

        @Override
        public FileRegion touch(Object hint) {
            return this;
        }
    }
}
