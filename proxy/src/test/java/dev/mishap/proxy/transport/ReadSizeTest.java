package dev.mishap.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.UncheckedBooleanSupplier;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ReadSizeTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();

    /** What one read has room for, when {@code available} bytes can be read. */
    @SuppressWarnings("deprecation") // the type of handles
    private int read(RecvByteBufAllocator.Handle handle, int available) {
        handle.reset(channel.config());
        ByteBuf buffer = handle.allocate(UnpooledByteBufAllocator.DEFAULT);
        int room = buffer.writableBytes();
        handle.attemptedBytesRead(room);
        handle.lastBytesRead(Math.min(room, available));
        handle.incMessagesRead(1);
        handle.readComplete();
        buffer.release();
        return room;
    }

    @SuppressWarnings("deprecation") // the type of handles
    private static RecvByteBufAllocator.Handle handle(RecvByteBufAllocator sizes) {
        return sizes.newHandle();
    }

    @Test
    @SuppressWarnings("deprecation") // the type of handles
    void theLargestReadTakesAHeadAndA64KibBody() {
        RecvByteBufAllocator.Handle handle = handle(ReadSize.USUAL);
        assertThat(read(handle, 100)).isEqualTo(2048);
        int message = 300 + 64 * 1024;
        int room = 0;
        for (int i = 0; i < 10; i++) {
            room = read(handle, message);
        }
        assertThat(room).isBetween(message, 80 * 1024);
        assertThat(((ExtendedHandle) handle).continueReading(() -> true))
                .as("another read when this one took all it could")
                .isTrue();
        for (int i = 0; i < 40; i++) {
            room = read(handle, 100);
        }
        assertThat(room).isLessThan(1024);
    }

    @Test
    @SuppressWarnings("deprecation") // the type of handles
    void aBypassComesBeforeEachReadWhichIsALittleThen() {
        int[] moves = {0};
        boolean[] moving = {true};
        ReadSize sizes = new ReadSize();
        ExtendedHandle handle = (ExtendedHandle) sizes.newHandle();
        assertThat(read(handle, 1 << 20)).isEqualTo(2048);
        sizes.bypass(() -> {
            moves[0]++;
            return moving[0];
        });
        UncheckedBooleanSupplier more = () -> true;
        for (int i = 1; i < 5; i++) {
            assertThat(read(handle, 1 << 20)).isEqualTo(4096);
            assertThat(moves[0]).isEqualTo(i);
            assertThat(handle.continueReading(more)).isFalse();
        }
        moving[0] = false;
        assertThat(read(handle, 1 << 20)).isGreaterThan(4096);
        assertThat(handle.continueReading(more)).isFalse();
    }

    @Test
    void aBypassThatFailsIsAReadThatFails() {
        ReadSize sizes = new ReadSize();
        IOException reset = new IOException("Connection reset by peer");
        sizes.bypass(() -> {
            throw reset;
        });
        assertThatThrownBy(() -> read(handle(sizes), 1)).isSameAs(reset);
    }
}
