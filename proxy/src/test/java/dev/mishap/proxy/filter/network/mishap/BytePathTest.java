package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.network.mishap.BytePath.Shaped;
import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.text.RuleLine;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One direction by a clock of the test: what waits costs what it is, however small the pieces that it goes on in. */
class BytePathTest {
    private static final class Sink implements BytePath.Sink {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final List<Integer> pieces = new ArrayList<>();
        final List<@Nullable ChannelPromise> promises = new ArrayList<>();
        boolean ready = true;
        boolean full;
        int flushes;
        int ends;

        @Override
        public boolean ready() {
            return ready;
        }

        @Override
        public void emit(ByteBuf transferred, @Nullable ChannelPromise promise) {
            pieces.add(transferred.readableBytes());
            promises.add(promise);
            while (transferred.isReadable()) {
                bytes.write(transferred.readByte());
            }
            transferred.release();
        }

        @Override
        public void end() {
            ends++;
        }

        @Override
        public void flush() {
            flushes++;
        }

        @Override
        public void limitReached() {}

        @Override
        public void full(boolean now) {
            full = now;
        }
    }

    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    private final Sink sink = new Sink();
    private final BytePath path = new BytePath(channel.eventLoop(), ticker::nanoTime, sink, true);

    @AfterEach
    void close() {
        path.close();
        channel.finishAndReleaseAll();
    }

    private void faults(String... lines) {
        List<Shaped> shaped = new ArrayList<>();
        for (String line : lines) {
            shaped.add(new Shaped((ConnectionFault) RuleLine.parse(line, "r").fault(), 7));
        }
        path.configure(shaped);
    }

    private static byte[] random(int size) {
        byte[] data = new byte[size];
        new Random(size).nextBytes(data);
        return data;
    }

    private void run() {
        channel.runScheduledPendingTasks();
    }

    private void advance(long nanos) {
        ticker.advance(nanos, TimeUnit.NANOSECONDS);
        run();
    }

    @Test
    void smallPiecesAreCutWhenTheyGoOn() {
        faults("slice 1 bytes every 1ms");
        byte[] data = random(200_000);
        ByteBuf read = Unpooled.copiedBuffer(data);
        path.offer(read, null);
        assertThat(sink.pieces).containsExactly(1);
        // One owner: the rest of the read is whole.
        assertThat(read.refCnt()).isEqualTo(1);
        assertThat(read.readableBytes()).isEqualTo(199_999);
        for (int i = 0; i < 1000; i++) {
            advance(1_000_000);
        }
        assertThat(sink.pieces).hasSize(1001).containsOnly(1);
        assertThat(read.refCnt()).isEqualTo(1);
        assertThat(sink.flushes).isGreaterThanOrEqualTo(1001);
    }

    @Test
    void manyPiecesThatAreDueLetOthersHaveTheirTurn() {
        faults("slice 1 bytes");
        byte[] data = random(10_000);
        path.offer(Unpooled.copiedBuffer(data), null);
        assertThat(sink.pieces).hasSize(BytePath.PIECES_A_TURN);
        int turns = 0;
        while (!path.isEmpty()) {
            int before = sink.pieces.size();
            run();
            assertThat(sink.pieces.size() - before).isBetween(1, 10_000);
            turns++;
        }
        assertThat(turns).isPositive();
        assertThat(sink.bytes.toByteArray()).isEqualTo(data);
    }

    @Test
    void aSinkThatIsNotReadyGetsNothingCut() {
        faults("slice 10 bytes vary 5");
        sink.ready = false;
        byte[] data = random(300_000);
        ByteBuf read = Unpooled.copiedBuffer(data);
        ChannelPromise promise = channel.newPromise();
        path.offer(read, promise);
        run();
        assertThat(sink.pieces).isEmpty();
        assertThat(sink.full).isTrue();
        assertThat(read.refCnt()).isEqualTo(1);
        sink.ready = true;
        path.drain();
        while (!path.isEmpty()) {
            run();
        }
        assertThat(sink.full).isFalse();
        assertThat(sink.bytes.toByteArray()).isEqualTo(data);
        // With the last piece the write is done, and not before.
        assertThat(sink.promises.get(sink.promises.size() - 1)).isSameAs(promise);
        assertThat(sink.promises).filteredOn(p -> p != null).hasSize(1);
    }

    @Test
    void whatARuleHoldsGoesOnWhenItEnds() {
        faults("slice 10 bytes every 1h", "latency 5m", "slow-close 1h");
        path.offer(Unpooled.copiedBuffer(random(100)), null);
        path.end();
        advance(1_000_000);
        assertThat(sink.pieces).isEmpty();
        faults();
        assertThat(sink.pieces).containsExactly(100);
        assertThat(sink.ends).isEqualTo(1);
        assertThat(path.isClear()).isTrue();
    }

    @Test
    void whatOtherRulesStillDoToItStays() {
        faults("slice 10 bytes every 1ms", "latency 5m", "latency 7ms jitter 2ms");
        path.offer(Unpooled.copiedBuffer(random(30)), null);
        advance(1_000_000);
        faults("slice 10 bytes every 1ms", "latency 7ms jitter 2ms");
        advance(3_999_999);
        assertThat(sink.pieces).as("it may be early by no draw").isEmpty();
        advance(4_000_001);
        assertThat(sink.pieces).containsExactly(10);
        // A rule that comes meanwhile is nothing to what is here.
        faults("slice 10 bytes every 1ms", "latency 7ms jitter 2ms", "latency 1h");
        advance(1_000_000);
        faults("latency 1h");
        assertThat(sink.pieces).containsExactly(10, 10, 10);
    }

    @Test
    void whatWaitsIsCutByTheRateThatTakesTheOthersPlace() {
        faults("bandwidth 1KiB/s");
        byte[] data = random(10_240);
        path.offer(Unpooled.copiedBuffer(data), null);
        advance(5_000_000);
        assertThat(sink.bytes.size()).isEqualTo(5);
        faults("bandwidth 10KiB/s");
        for (int i = 0; i < 100; i++) {
            advance(10_000_000);
        }
        assertThat(sink.bytes.size()).isBetween(10_240 - 102, 10_240);
        advance(10_000_000);
        assertThat(sink.bytes.toByteArray()).isEqualTo(data);
    }

    @Test
    void theSameSeedCutsTheSame() {
        List<List<Integer>> runs = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Sink mine = new Sink();
            BytePath one = new BytePath(channel.eventLoop(), ticker::nanoTime, mine, true);
            one.configure(List.of(new Shaped(
                    (ConnectionFault)
                            RuleLine.parse("slice 20 bytes vary 15", "r").fault(),
                    3)));
            for (int n = 0; n < 5; n++) {
                one.offer(Unpooled.copiedBuffer(random(500)), null);
            }
            while (!one.isEmpty()) {
                run();
            }
            runs.add(mine.pieces);
        }
        assertThat(runs.get(1)).isEqualTo(runs.get(0));
        assertThat(runs.get(0).stream().distinct()).hasSizeGreaterThan(10);
    }

    @Test
    void whatIsHurriedGoesOnWhole() {
        faults("slice 1 bytes every 1h", "slow-close 1h");
        byte[] data = random(50_000);
        path.offer(Unpooled.copiedBuffer(data), null);
        path.end();
        path.configure(List.of());
        path.hurry();
        assertThat(sink.pieces).containsExactly(1, 49_999);
        assertThat(sink.ends).isEqualTo(1);
        assertThat(sink.bytes.toByteArray()).isEqualTo(data);
    }

    /** Many reads of a byte are more than their bytes. */
    @Test
    void tinyReadsHoldTheirSourceUpSooner() {
        faults("latency 1h");
        int reads = 0;
        while (!sink.full) {
            path.offer(Unpooled.copiedBuffer(new byte[1]), null);
            reads++;
        }
        assertThat(reads).isLessThan(4_000);
    }
}
