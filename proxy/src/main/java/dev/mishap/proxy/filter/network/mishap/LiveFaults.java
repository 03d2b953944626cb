package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.filter.network.mishap.BytePath.Shaped;
import dev.mishap.proxy.transport.Delivery;
import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.fault.Close;
import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.ConnectionReset;
import dev.mishap.rules.fault.Flap;
import dev.mishap.rules.fault.HalfOpen;
import dev.mishap.rules.fault.Moment;
import dev.mishap.rules.fault.Partition;
import dev.mishap.rules.fault.Side;
import io.netty.channel.Channel;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one set of rules does to a connection that lives, whichever side's it is: to its bytes, and how it ends after so many of them, at
 * an age, or at once. Confined to the connection's loop.
 */
final class LiveFaults {
    /** The ways to end the connection. */
    interface Ends {
        void reset();

        void close();

        void goSilent();
    }

    private final Channel channel;
    private final boolean halfCloses;
    private final Side side;
    private final int layer;
    private final LongSupplier clock;
    private final Ends ends;
    private final List<ScheduledFuture<?>> timers = new ArrayList<>(1);
    private @Nullable ByteFaults bytes;
    /** A fault has closed or reset the connection, which may still have to say so to its peer: nothing more happens to it. */
    private boolean ended;

    /**
     * @param halfCloses whether who owns the connection knows what to do with an end of one direction
     * @param layer how many other sets of rules have the connection
     * @param clock the one that rules are installed by
     */
    LiveFaults(Channel channel, boolean halfCloses, Side side, int layer, LongSupplier clock, Ends ends) {
        this.channel = channel;
        this.halfCloses = halfCloses;
        this.side = side;
        this.layer = layer;
        this.clock = clock;
        this.ends = ends;
    }

    /** What stands in the pipeline; null while nothing needs to. */
    @Nullable
    ByteFaults bytes() {
        return bytes;
    }

    /** Has something stand in the pipeline, before all that is there. */
    ByteFaults install() {
        ByteFaults handler = bytes;
        if (handler == null) {
            handler = new ByteFaults(channel, halfCloses, side, layer);
            bytes = handler;
            channel.pipeline().addFirst(handler);
        }
        return handler;
    }

    /**
     * Puts the faults of bytes in place, and what happens after so many of them.
     *
     * @param entering whether the connection is about to get its filters; then what was read so far, which other handlers hold, is
     *     still to pass
     */
    void shape(ConnectionDecision decision, boolean entering) {
        if (!channel.isOpen() || bytes == null && decision.isNone()) {
            return;
        }
        List<Shaped> shaped = new ArrayList<>();
        long resetAfter = Long.MAX_VALUE;
        long closeAfter = Long.MAX_VALUE;
        long silentAfter = Long.MAX_VALUE;
        for (int i = 0; i < decision.touchedCount(); i++) {
            ConnectionFault fault = decision.fault(i);
            switch (fault.kind()) {
                case LATENCY, BANDWIDTH, SLICE, LIMIT_DATA, CORRUPT, SLOW_CLOSE, PARTITION ->
                    shaped.add(new Shaped(fault, decision.drawSeed(i)));
                case CLOSE -> closeAfter = Math.min(closeAfter, bytes(((Close) fault).when()));
                case CONNECTION_RESET -> resetAfter = Math.min(resetAfter, bytes(((ConnectionReset) fault).when()));
                case HALF_OPEN -> silentAfter = Math.min(silentAfter, bytes(((HalfOpen) fault).when()));
                default -> {}
            }
        }
        boolean counts = Math.min(resetAfter, Math.min(closeAfter, silentAfter)) < Long.MAX_VALUE;
        ByteFaults handler = bytes;
        if (handler == null && (!shaped.isEmpty() || counts)) {
            if (entering) {
                handler = new ByteFaults(channel, halfCloses, side, layer);
                bytes = handler;
                // Behind who holds what was read so far, or is about to give it on; before the filters.
                channel.pipeline().addLast(handler);
            } else {
                handler = install();
            }
        }
        if (handler != null) {
            handler.configure(shaped);
            handler.endings(
                    resetAfter,
                    closeAfter,
                    silentAfter,
                    () -> Delivery.then(channel, this::reset), // the bytes before it are the peer's
                    this::close,
                    ends::goSilent);
            if (shaped.isEmpty() && !counts) {
                handler.leave(() -> bytes = null);
            } else {
                handler.stay();
            }
        }
    }

    private static long bytes(Moment when) {
        return when.bytes() > 0 ? when.bytes() : Long.MAX_VALUE;
    }

    /** Does what is to happen at once, and sees to what happens at a time. What was to happen by an earlier decision does not. */
    void arm(ConnectionDecision decision, long bornNanos) {
        disarm();
        for (int i = 0; i < decision.touchedCount() && channel.isOpen() && !ended; i++) {
            ConnectionFault fault = decision.fault(i);
            switch (fault.kind()) {
                case CLOSE -> at(((Close) fault).when(), bornNanos, this::close);
                case CONNECTION_RESET -> at(((ConnectionReset) fault).when(), bornNanos, this::reset);
                case HALF_OPEN -> at(((HalfOpen) fault).when(), bornNanos, ends::goSilent);
                case PARTITION -> {
                    if (((Partition) fault).mode() == Partition.Mode.REFUSE) {
                        reset();
                    }
                }
                case FLAP -> untilDown((Flap) fault, decision.installedNanos(i));
                default -> {}
            }
        }
    }

    private void at(Moment when, long bornNanos, Runnable action) {
        if (when.bytes() == 0) {
            in(when.isAtOnce() ? 0 : bornNanos + when.after().toNanos() - System.nanoTime(), action);
        }
    }

    private void untilDown(Flap flap, long installedNanos) {
        long since = clock.getAsLong() - installedNanos;
        in(flap.isUp(since) ? flap.phaseRestNanos(since) : 0, this::reset);
    }

    private void close() {
        ended = true;
        disarm();
        ends.close();
    }

    private void reset() {
        ended = true;
        disarm();
        ends.reset();
    }

    private void in(long nanos, Runnable action) {
        if (nanos <= 0) {
            action.run();
            return;
        }
        timers.add(channel.eventLoop()
                .schedule(
                        () -> {
                            if (channel.isOpen()) {
                                action.run();
                            }
                        },
                        nanos,
                        TimeUnit.NANOSECONDS));
    }

    /** Nothing happens at a time any more. */
    void disarm() {
        timers.forEach(t -> t.cancel(false));
        timers.clear();
    }

    /** What waits goes on now. */
    void hurry() {
        ByteFaults handler = bytes;
        if (handler != null) {
            handler.hurry();
        }
    }
}
