package dev.mishap.proxy.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * How much a channel that carries bytes for another reads at once, in one read. There may be a {@link #bypass}, which moves what has come past
 * the pipeline before each read; that then finds a little at most, or the end. One a channel.
 */
public final class ReadSize implements RecvByteBufAllocator {
    /** For other channels, which share it: several reads, as Netty's own. */
    public static final RecvByteBufAllocator USUAL = AdaptiveReads::new;

    private static final int LITTLE = 4096;

    private @Nullable Bypass bypass;

    /** Takes bytes from a channel that is about to read. */
    public interface Bypass {
        /**
         * Moves what can be moved now; must not close the channel.
         *
         * @return false when all is to be read the usual way
         * @throws IOException what is to be told of the channel as if its read had failed
         */
        boolean move() throws IOException;
    }

    /** From now on {@code bypass} comes before each read. */
    public void bypass(Bypass bypass) {
        this.bypass = bypass;
    }

    @Override
    @SuppressWarnings("deprecation") // the type of what is overridden
    public Handle newHandle() {
        return new Sizes();
    }

    private final class Sizes extends AdaptiveReads {
        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            Bypass b = bypass;
            return b != null && moved(b) ? alloc.ioBuffer(LITTLE) : super.allocate(alloc);
        }

        private static boolean moved(Bypass bypass) {
            try {
                return bypass.move();
            } catch (IOException e) {
                PlatformDependent.throwException(e); // as it is: the channel tells I/O errors from others
                return false;
            }
        }

        // One read, so that it is written before there is another: no more than that waits for its turn.

        @Override
        public boolean continueReading() {
            return false;
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return false;
        }
    }
}
