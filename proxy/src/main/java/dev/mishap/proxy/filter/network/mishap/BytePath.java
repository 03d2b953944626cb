package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.rules.fault.Bandwidth;
import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.Corrupt;
import dev.mishap.rules.fault.Direction;
import dev.mishap.rules.fault.Latency;
import dev.mishap.rules.fault.LimitData;
import dev.mishap.rules.fault.Partition;
import dev.mishap.rules.fault.Slice;
import dev.mishap.rules.fault.SlowClose;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a connection: takes bytes as they come and gives them on, in order, when the faults let it: later, slower, in
 * pieces, changed, up to a limit. What waits here goes on by the faults that there were when it came, less those that have ended. It
 * waits as it came: a piece is cut off when its time has come, so that small pieces cost nothing before. Confined to the loop.
 */
final class BytePath {
    /** What is on its way may be as much as this before the source is to wait; bytes. */
    static final int HIGH_WATER = 256 * 1024;

    private static final int LOW_WATER = HIGH_WATER / 2;
    /** What waits counts as this much more, since small buffers are not as small as what is in them; bytes. */
    private static final int OVERHEAD = 128;

    /** So many pieces go on at once before other connections of the loop have their turn. */
    static final int PIECES_A_TURN = 256;

    /** A limited rate is kept in steps of this many a second. */
    private static final int STEPS_PER_SECOND = 200;

    /** Where the bytes go on. */
    interface Sink {
        /** Whether the next thing can be taken now; else {@link #drain} is called when it can. */
        boolean ready();

        void emit(ByteBuf transferred, @Nullable ChannelPromise promise);

        /** The end of the stream has come. */
        void end();

        /** What was emitted since the last call is to be seen. */
        void flush();

        /** The limit of data is reached and all of it is emitted. */
        void limitReached();

        /** More (or no more) than the high-water mark waits here. */
        void full(boolean full);
    }

    /** How bytes that come at one time are cut into pieces. */
    private static final class Cut {
        static final Cut NONE = new Cut(null, new SplittableRandom(0), 0);

        final @Nullable Slice slice;
        final SplittableRandom draws;
        final long bytesPerSecond;

        Cut(@Nullable Slice slice, SplittableRandom draws, long bytesPerSecond) {
            this.slice = slice;
            this.draws = draws;
            this.bytesPerSecond = bytesPerSecond;
        }

        /** The size of the next piece. */
        int size() {
            int size = Integer.MAX_VALUE;
            Slice s = slice;
            if (s != null) {
                size = s.variation() == 0
                        ? s.bytes()
                        : s.bytes() - s.variation() + draws.nextInt(2 * s.variation() + 1);
            }
            if (bytesPerSecond > 0) {
                size = (int) Math.min(size, Math.max(1, bytesPerSecond / STEPS_PER_SECOND));
            }
            return size;
        }
    }

    /** What came at one time, or what is left of it. Owns its bytes until they are emitted or dropped. */
    private static final class Chunk {
        /** Null = the end of the stream. */
        final @Nullable ByteBuf data;

        final @Nullable ChannelPromise promise;
        /** Whether the limit of data is reached with it. */
        final boolean limit;

        final long came;
        /** Not before this, and so much later than what was before it. */
        long arrives;

        long after;
        Cut cut;
        /** The size of its next piece, -1 when that is still to be drawn, and when it goes on. */
        int piece = -1;

        long due;

        Chunk(
                @Nullable ByteBuf data,
                long came,
                long arrives,
                long after,
                Cut cut,
                @Nullable ChannelPromise promise,
                boolean limit) {
            this.data = data;
            this.came = came;
            this.arrives = arrives;
            this.after = after;
            this.cut = cut;
            this.promise = promise;
            this.limit = limit;
        }
    }

    /** What may still pass by one rule: up to byte number {@code end} of the direction. */
    private record Limit(LimitData fault, long end) {}

    /** Changes bytes by one rule. */
    private static final class Corruption {
        final Corrupt fault;
        /** The first byte of the direction that the rule's offset counts. */
        final long base;

        final byte @Nullable [] pattern;
        final SplittableRandom random;
        final double logMiss;
        long next;

        Corruption(Corrupt fault, long seed, long base) {
            this.fault = fault;
            this.base = base;
            this.pattern = fault.patternBytes();
            this.random = new SplittableRandom(seed);
            double share = fault.share().millionths() / 1e6;
            this.logMiss = Math.log1p(-share);
            this.next = base + fault.offset();
            if (pattern == null) {
                next += skip();
            }
        }

        /** How many bytes are left alone before the next one that is hit. */
        private long skip() {
            if (fault.share().isFull()) {
                return 0;
            }
            if (logMiss == 0) {
                return Long.MAX_VALUE / 2;
            }
            return (long) Math.min(Long.MAX_VALUE / 4.0, Math.log(1 - random.nextDouble()) / logMiss);
        }

        boolean touches(long from, long to) {
            long at = base + fault.offset();
            return pattern == null ? next < to : from < at + pattern.length && to > at;
        }

        /** Changes the bytes of {@code data}, the first of which is number {@code from} of the direction. */
        void apply(ByteBuf data, long from) {
            long to = from + data.readableBytes();
            if (pattern == null) {
                while (next < to) {
                    int at = data.readerIndex() + (int) (next - from);
                    data.setByte(at, data.getByte(at) ^ 1 << random.nextInt(8));
                    next += 1 + skip();
                }
                return;
            }
            for (int i = 0; i < pattern.length; i++) {
                long at = base + fault.offset() + i;
                if (at >= from && at < to) {
                    data.setByte(data.readerIndex() + (int) (at - from), pattern[i]);
                }
            }
        }
    }

    private final EventLoop loop;
    private final LongSupplier clock;
    private final Sink sink;
    private final boolean towardUpstream;
    private final ArrayDeque<Chunk> queue = new ArrayDeque<>();

    private List<Latency> latencies = List.of();
    private List<SplittableRandom> latencyDraws = List.of();
    private List<Corruption> corruptions = List.of();
    private List<Limit> limits = List.of();
    private Cut cut = Cut.NONE;
    private long limit = -1;
    private long slowCloseNanos;
    private boolean shaping;
    /** Nothing passes for as long as the faults say so; what comes waits. */
    private boolean stalled;

    private long taken;
    private long waiting;
    /** When the piece before was due; when the rate has room for the next. */
    private long lastDue;

    private long rateFree;
    /** The same without the piece that is next. */
    private long dueBefore;

    private long freeBefore;
    private boolean begun;
    private boolean full;
    private boolean limited;
    private boolean closed;
    private boolean draining;
    private @Nullable ScheduledFuture<?> timer;

    /**
     * @param clock as {@link System#nanoTime}
     * @param towardUpstream which of the two directions this is
     */
    BytePath(EventLoop loop, LongSupplier clock, Sink sink, boolean towardUpstream) {
        this.loop = loop;
        this.clock = clock;
        this.sink = sink;
        this.towardUpstream = towardUpstream;
        this.lastDue = clock.getAsLong();
        this.rateFree = lastDue;
    }

    /** One fault and where its draws begin. */
    record Shaped(ConnectionFault fault, long seed) {}

    /**
     * Sets what happens to the bytes that come from now on. Faults that were there before go on where they are; what new ones count, they
     * count from now on.
     */
    void configure(List<Shaped> faults) {
        List<Latency> moreLatencies = new ArrayList<>();
        List<SplittableRandom> moreDraws = new ArrayList<>();
        List<Corruption> moreCorruptions = new ArrayList<>();
        List<Limit> moreLimits = new ArrayList<>();
        Slice smallest = null;
        long sliceSeed = 0;
        long slowest = 0;
        long least = -1;
        long close = 0;
        boolean stall = false;
        for (Shaped each : faults) {
            ConnectionFault fault = each.fault();
            long seed = each.seed() + (towardUpstream ? 0 : 1);
            if (fault instanceof Latency l && mine(l.direction())) {
                int at = latencies.indexOf(l);
                moreLatencies.add(l);
                moreDraws.add(at < 0 ? new SplittableRandom(seed) : latencyDraws.get(at));
            } else if (fault instanceof Bandwidth b && mine(b.direction())) {
                slowest = slowest == 0 ? b.bytesPerSecond() : Math.min(slowest, b.bytesPerSecond());
            } else if (fault instanceof Slice s
                    && mine(s.direction())
                    && (smallest == null || s.bytes() < smallest.bytes())) {
                smallest = s;
                sliceSeed = seed;
            } else if (fault instanceof LimitData d && mine(d.direction())) {
                Limit mine = limit(d);
                moreLimits.add(mine);
                least = least < 0 ? mine.end : Math.min(least, mine.end);
            } else if (fault instanceof Corrupt c && mine(c.direction())) {
                moreCorruptions.add(corruption(c, seed));
            } else if (fault instanceof Partition p) {
                stall |= mine(p.direction());
            } else if (fault instanceof SlowClose c) {
                close += c.delay().toNanos();
            }
        }
        Cut cutBefore = cut;
        boolean less = !moreLatencies.containsAll(latencies) || close < slowCloseNanos;
        latencies = moreLatencies;
        latencyDraws = moreDraws;
        corruptions = moreCorruptions;
        limits = moreLimits;
        cut = cut(smallest, sliceSeed, slowest);
        limit = least;
        slowCloseNanos = close < 0 ? Long.MAX_VALUE : close;
        shaping = !latencies.isEmpty()
                || !corruptions.isEmpty()
                || cut != Cut.NONE
                || limit >= 0
                || slowCloseNanos > 0
                || stall;
        boolean healed = stalled && !stall;
        stalled = stall;
        if (!queue.isEmpty() && (less || cut != cutBefore)) {
            letGo(cutBefore);
            drain();
        } else if (healed) {
            drain();
        }
    }

    /** Takes from what waits what the faults that have ended did to it. What the others do to it, they do at their longest. */
    private void letGo(Cut cutBefore) {
        long longest = 0;
        for (Latency each : latencies) {
            longest += each.pace().fixed().plus(each.pace().jitter()).toNanos();
        }
        for (Chunk chunk : queue) {
            chunk.arrives = Math.min(chunk.arrives, chunk.came + longest);
            chunk.after = Math.min(chunk.after, slowCloseNanos);
            chunk.cut = cut == cutBefore ? chunk.cut : cut;
            if (chunk.piece >= 0) {
                chunk.piece = -1;
                lastDue = dueBefore;
                rateFree = freeBefore;
            }
        }
    }

    private Cut cut(@Nullable Slice slice, long seed, long bytesPerSecond) {
        Cut before = cut;
        if (slice == null && bytesPerSecond == 0) {
            return Cut.NONE;
        }
        if (Objects.equals(slice, before.slice)) {
            return bytesPerSecond == before.bytesPerSecond ? before : new Cut(slice, before.draws, bytesPerSecond);
        }
        return new Cut(slice, new SplittableRandom(seed), bytesPerSecond);
    }

    private boolean mine(Direction direction) {
        return towardUpstream ? direction.includesUpstream() : direction.includesDownstream();
    }

    private Corruption corruption(Corrupt fault, long seed) {
        for (Corruption each : corruptions) {
            if (each.fault.equals(fault)) {
                return each;
            }
        }
        return new Corruption(fault, seed, taken);
    }

    private Limit limit(LimitData fault) {
        for (Limit each : limits) {
            if (each.fault.equals(fault)) {
                return each;
            }
        }
        return new Limit(fault, taken + Math.min(fault.bytes(), Long.MAX_VALUE / 2));
    }

    /** Whether bytes go straight through. */
    boolean isClear() {
        return !shaping && queue.isEmpty();
    }

    /** Whether the path makes no difference: nothing waits here, nothing is done to what comes, and nobody was asked to wait. */
    boolean isIdle() {
        return isClear() && !full;
    }

    /** Bytes that have come so far, those that a limit dropped not counted. */
    long taken() {
        return taken;
    }

    /** Whether anything waits here. */
    boolean isEmpty() {
        return queue.isEmpty();
    }

    /** Counts bytes that went past, when the path is {@link #isClear}. */
    void passed(int bytes) {
        taken += bytes;
    }

    /** Takes bytes; an empty buffer keeps its place among the others, for its promise. */
    void offer(ByteBuf transferred, @Nullable ChannelPromise promise) {
        if (closed || limited) {
            transferred.release();
            if (promise != null) {
                promise.trySuccess();
            }
            return;
        }
        ByteBuf data = transferred;
        long now = clock.getAsLong();
        int length = data.readableBytes();
        boolean last = limit >= 0 && taken + length >= limit;
        if (last) {
            length = (int) Math.max(0, limit - taken);
            data.writerIndex(data.readerIndex() + length);
        }
        if (length == 0) {
            queue.add(new Chunk(data, now, now, last ? 0 : slowCloseNanos, Cut.NONE, promise, last));
        } else {
            queue.add(new Chunk(corrupted(data, length), now, now + delay(), 0, cut, promise, last));
            taken += length;
        }
        waiting += length + OVERHEAD;
        limited = last;
        if (waiting > HIGH_WATER && !full) {
            full = true;
            sink.full(true);
        }
        drain();
    }

    /** The source says that nothing more will come. */
    void end() {
        if (closed || limited) {
            return;
        }
        waiting += OVERHEAD;
        long now = clock.getAsLong();
        queue.add(new Chunk(null, now, now + delay(), slowCloseNanos, Cut.NONE, null, false));
        drain();
    }

    private ByteBuf corrupted(ByteBuf data, int length) {
        boolean touched = false;
        for (Corruption each : corruptions) {
            touched |= each.touches(taken, taken + length);
        }
        if (!touched) {
            return data;
        }
        // The bytes may be somebody else's, too.
        ByteBuf copy = data.alloc().buffer(length).writeBytes(data, data.readerIndex(), length);
        data.release();
        for (Corruption each : corruptions) {
            each.apply(copy, taken);
        }
        return copy;
    }

    private long delay() {
        long sum = 0;
        for (int i = 0; i < latencies.size(); i++) {
            Latency l = latencies.get(i);
            sum += l.pace()
                    .nanos(l.pace().jitter().isZero() ? 0 : latencyDraws.get(i).nextLong());
        }
        return sum < 0 ? Long.MAX_VALUE / 2 : sum;
    }

    /** Draws the next piece of a chunk whose turn it is, and when that goes on. */
    private void next(Chunk chunk) {
        dueBefore = lastDue;
        freeBefore = rateFree;
        long due = Math.max(chunk.arrives, lastDue) + chunk.after;
        Cut by = chunk.cut;
        ByteBuf data = chunk.data;
        int n = data == null ? 0 : Math.min(data.readableBytes(), by.size());
        Slice s = by.slice;
        if (s != null && begun) {
            due = Math.max(due, lastDue + s.delay().toNanos());
        }
        if (by.bytesPerSecond > 0) {
            due = Math.max(due, rateFree) + Math.max(1, n * 1_000_000_000L / by.bytesPerSecond);
            rateFree = due;
        }
        begun = true;
        lastDue = due;
        chunk.piece = n;
        chunk.due = due;
    }

    /** Makes all that waits due, as it came. */
    void hurry() {
        long now = clock.getAsLong();
        for (Chunk chunk : queue) {
            chunk.arrives = now;
            chunk.after = 0;
            chunk.cut = Cut.NONE;
            chunk.piece = -1;
        }
        lastDue = now;
        rateFree = now;
        drain();
    }

    /** Gives on what is due, as far as the sink takes it. */
    void drain() {
        if (draining) {
            return;
        }
        draining = true;
        boolean any = false;
        boolean reached = false;
        try {
            Chunk head;
            for (int i = 0;
                    i < PIECES_A_TURN
                            && !reached
                            && !closed
                            && !stalled
                            && (head = queue.peekFirst()) != null
                            && sink.ready();
                    i++) {
                if (head.piece < 0) {
                    next(head);
                }
                if (head.due - clock.getAsLong() > 0) {
                    break;
                }
                any = true;
                reached = emit(head);
            }
        } finally {
            draining = false;
        }
        if (any) {
            sink.flush();
        }
        if (full && waiting < LOW_WATER && !closed) {
            full = false;
            sink.full(false);
        }
        if (reached) {
            sink.limitReached();
        }
        schedule();
    }

    /** Gives the next piece of the first chunk on; whether the limit of data is reached with it. */
    private boolean emit(Chunk head) {
        ByteBuf data = head.data;
        int n = head.piece;
        if (data != null && n < data.readableBytes()) {
            head.piece = -1;
            waiting -= n;
            sink.emit(data.readRetainedSlice(n), null);
            if (head.cut.slice != null) {
                // Else the next piece would leave in the same segment.
                sink.flush();
            }
            return false;
        }
        queue.removeFirst();
        waiting -= n + OVERHEAD;
        if (data == null) {
            sink.end();
        } else {
            sink.emit(data, head.promise);
            if (head.cut.slice != null) {
                sink.flush();
            }
        }
        return head.limit;
    }

    private void schedule() {
        ScheduledFuture<?> running = timer;
        if (running != null) {
            running.cancel(false);
            timer = null;
        }
        Chunk head = queue.peekFirst();
        if (head != null && !closed && !stalled && sink.ready()) {
            if (head.piece < 0) {
                next(head);
            }
            timer = loop.schedule(this::timeIsUp, Math.max(0, head.due - clock.getAsLong()), TimeUnit.NANOSECONDS);
        }
    }

    private void timeIsUp() {
        timer = null;
        drain();
    }

    /** Drops what waits. */
    void close() {
        closed = true;
        ScheduledFuture<?> running = timer;
        if (running != null) {
            running.cancel(false);
            timer = null;
        }
        Chunk chunk;
        while ((chunk = queue.pollFirst()) != null) {
            if (chunk.data != null) {
                chunk.data.release();
            }
            if (chunk.promise != null) {
                chunk.promise.tryFailure(new ClosedChannelException());
            }
        }
        waiting = 0;
    }
}
