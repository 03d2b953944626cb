package dev.mishap.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DelayedCloseTest {
    private static final long TIMEOUT = 1000;

    /** A client that takes a byte when it is asked to. */
    private static final class SlowChannel extends EmbeddedChannel {
        private int takes;

        SlowChannel() {
            super(new ChannelInboundHandlerAdapter());
            freezeTime(); // so that each pass of the time-out is seen once
        }

        @Override
        protected void doWrite(ChannelOutboundBuffer out) {
            while (takes > 0 && out.current() != null) {
                takes--;
                out.removeBytes(1);
            }
        }

        void take(int bytes) {
            takes = bytes;
            flush();
        }

        /** Lets the time-out pass and the loop see it. */
        void pass() {
            long until = System.nanoTime() + 2 * TIMEOUT;
            while (System.nanoTime() - until < 0) {
                Thread.onSpinWait();
            }
            advanceTimeBy(2 * TIMEOUT, TimeUnit.NANOSECONDS);
            runScheduledPendingTasks();
        }
    }

    private final SlowChannel channel = new SlowChannel();
    private int timeouts;

    private DelayedClose close(long timeoutNanos) {
        ChannelHandlerContext ctx = channel.pipeline().lastContext();
        return new DelayedClose(ctx, timeoutNanos, () -> timeouts++);
    }

    @AfterEach
    void end() {
        channel.close();
        channel.releaseOutbound();
    }

    @Test
    void aClientThatReadsSlowlyIsWaitedFor() {
        channel.writeOutbound(Unpooled.wrappedBuffer(new byte[10]));
        close(TIMEOUT).whenSent();
        for (int i = 0; i < 9; i++) {
            channel.take(1);
            channel.pass();
            assertThat(channel.isOpen()).as("after %d bytes", i + 1).isTrue();
        }
        channel.take(2);
        assertThat(channel.isOpen()).isFalse();
        assertThat(timeouts).isZero();
    }

    @Test
    void aClientThatTakesNothingIsNot() {
        channel.writeOutbound(Unpooled.wrappedBuffer(new byte[10]));
        close(TIMEOUT).whenSent();
        channel.take(1);
        channel.pass();
        assertThat(channel.isOpen()).isTrue();
        channel.pass();
        assertThat(channel.isOpen()).isFalse();
        assertThat(timeouts).isEqualTo(1);
    }

    @Test
    void aClientThatDoesNotCloseIsClosed() {
        close(TIMEOUT).linger();
        assertThat(channel.isOpen()).isTrue();
        channel.pass();
        assertThat(channel.isOpen()).isFalse();
        assertThat(timeouts).isEqualTo(1);
    }

    @Test
    void withoutATimeoutItEndsWhenAllIsSent() {
        channel.writeOutbound(Unpooled.wrappedBuffer(new byte[10]));
        close(0).whenSent();
        channel.pass();
        assertThat(channel.isOpen()).isTrue();
        channel.take(11);
        assertThat(channel.isOpen()).isFalse();
        assertThat(timeouts).isZero();
    }
}
