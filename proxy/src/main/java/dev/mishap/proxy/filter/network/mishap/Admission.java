package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.fault.ConnectDelay;
import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.ConnectionLimit;
import dev.mishap.rules.fault.ExhaustPool;
import dev.mishap.rules.fault.Flap;
import dev.mishap.rules.fault.Overflow;
import dev.mishap.rules.fault.Timeout;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection between its acceptance and its filters: what the faults that decide at accept make of it, the place that it
 * takes or waits for, and the delay before its filters start. Confined to its loop.
 */
final class Admission implements ConnectionSlots.Waiter {
    private final FaultyConnection connection;
    private final Channel channel;
    /** Starts the filters; null when they are started, or never will be. */
    private @Nullable Runnable proceed;

    private @Nullable ConnectionSlots place;
    private @Nullable ConnectionSlots wanted;
    private @Nullable HeldReads waiting;
    /** The rule that decided at accept, if one did. */
    private @Nullable FaultRule decider;

    private @Nullable Future<?> timer;
    private boolean holds;
    private boolean swallows;
    /** Whether the timer is that of {@code connectDelay}. */
    private boolean delays;

    Admission(FaultyConnection connection, Channel channel, Runnable proceed) {
        this.connection = connection;
        this.channel = channel;
        this.proceed = proceed;
    }

    void begin(ConnectionDecision decision) {
        if (decision.fault(0) instanceof ConnectionFault.AtAccept fault) {
            atAccept(fault, decision);
        } else {
            enter();
        }
    }

    /** Whether the connection has not come to its filters, and may yet. */
    boolean isPending() {
        return proceed != null;
    }

    /** Whether bytes of the client's are dropped, so that nobody can serve it any more. */
    boolean swallows() {
        return swallows;
    }

    private void atAccept(ConnectionFault.AtAccept fault, ConnectionDecision decision) {
        FaultRule rule = decision.touched(0);
        decider = rule;
        switch (fault.kind()) {
            case REFUSE -> connection.reset();
            case BLACK_HOLE -> swallow("mishap_black_hole");
            case TIMEOUT -> {
                hold();
                in(((Timeout) fault).after().toNanos(), () -> connection.end("mishap_timeout"));
            }
            case FLAP -> {
                if (((Flap) fault).isUp(connection.owner().nanoTime() - decision.installedNanos(0))) {
                    enter();
                } else {
                    connection.reset();
                }
            }
            case CONNECTION_LIMIT -> {
                ConnectionLimit limit = (ConnectionLimit) fault;
                take(connection.owner().slots(rule, limit.max()), limit.then());
            }
            case EXHAUST_POOL -> {
                ExhaustPool pool = (ExhaustPool) fault;
                holds = true;
                take(connection.owner().slots(rule, pool.hold()), pool.then());
            }
            default -> throw new AssertionError(fault);
        }
    }

    // ---- places ----

    private void take(ConnectionSlots slots, Overflow then) {
        if (slots.tryTake()) {
            place = slots;
            placed();
            return;
        }
        switch (then) {
            case REFUSE -> connection.reset();
            case CLOSE -> connection.end("mishap_connection_limit");
            case QUEUE -> {
                wanted = slots;
                hold();
                slots.await(this);
            }
        }
    }

    private void placed() {
        if (holds) {
            swallow("mishap_black_hole");
        } else {
            enter();
        }
    }

    @Override
    public EventLoop loop() {
        return channel.eventLoop();
    }

    @Override
    public boolean grant() {
        ConnectionSlots slots = wanted;
        wanted = null;
        if (slots == null || !channel.isActive()) {
            return false;
        }
        place = slots;
        channel.config().setAutoRead(true);
        placed();
        return true;
    }

    private void leavePlaces() {
        ConnectionSlots mine = place;
        ConnectionSlots line = wanted;
        place = null;
        wanted = null;
        if (line != null) {
            line.leave(this);
        }
        if (mine != null) {
            mine.release();
        }
    }

    /**
     * Other rules are in place. A connection whose rule has it wait is let in when that rule is gone; one whose bytes it took can be served by
     * nobody, so it ends, rather than leave its client to its own time-outs.
     */
    void changed(RuleSet rules, ConnectionDecision decision) {
        boolean gone = isGone(rules);
        if (swallows) {
            if (gone) {
                leavePlaces();
                connection.finish();
            }
            return;
        }
        if (timer != null && wanted == null && (delays ? !isDelayed(decision) : gone)) {
            enterNow();
            return;
        }
        ConnectionSlots line = wanted;
        if (line != null && !holdsStill(decision)) {
            wanted = null;
            line.leave(this);
            channel.config().setAutoRead(true);
            enter();
        }
    }

    /** Whether there is no rule of the decider's name and kind any more; one that was only changed holds on. */
    private boolean isGone(RuleSet rules) {
        FaultRule by = decider;
        FaultRule now = by == null ? null : rules.rule(by.name());
        return by != null && (now == null || now.fault().kind() != by.fault().kind());
    }

    private static boolean isDelayed(ConnectionDecision decision) {
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.fault(i) instanceof ConnectDelay) {
                return true;
            }
        }
        return false;
    }

    private boolean holdsStill(ConnectionDecision decision) {
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.touched(i).equals(decider)) {
                return true;
            }
        }
        return false;
    }

    // ---- on the way in ----

    /** Lets the connection to its filters, now or after a delay. */
    private void enter() {
        ConnectionDecision decision = connection.ruling().decision();
        long wait = 0;
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.fault(i) instanceof ConnectDelay delay) {
                wait += delay.pace().nanos(new SplittableRandom(decision.drawSeed(i)).nextLong());
            }
        }
        if (wait > 0) {
            delays = true;
            hold();
            in(wait, this::enterNow);
        } else {
            connection.enter();
        }
    }

    /** Lets the connection to its filters, whatever it waits for. */
    void enterNow() {
        stopTimer();
        leavePlaceInLine();
        channel.config().setAutoRead(true);
        connection.enter();
    }

    private void leavePlaceInLine() {
        ConnectionSlots line = wanted;
        wanted = null;
        if (line != null) {
            line.leave(this);
        }
    }

    /** The kill switch: nothing of it is held any longer. */
    void letGo() {
        leavePlaces();
        if (swallows) {
            connection.finish();
        } else {
            enterNow();
        }
    }

    /** Starts the filters, and gives them what was read meanwhile. */
    void goOn() {
        Runnable go = proceed;
        HeldReads held = waiting;
        proceed = null;
        waiting = null;
        if (go != null && held != null) {
            held.release(go);
        } else if (go != null) {
            go.run();
        }
    }

    /** The filters will not be started, and what was read for them is dropped. */
    void cancel() {
        proceed = null;
        stopTimer();
        HeldReads held = waiting;
        waiting = null;
        if (held != null) {
            held.discard();
        }
    }

    /** The connection is closed. */
    void closed() {
        proceed = null;
        stopTimer();
        leavePlaces();
    }

    /** Keeps what is read until the filters are there, and reads no more. */
    private void hold() {
        if (waiting == null) {
            waiting = HeldReads.on(channel);
        }
        channel.config().setAutoRead(false);
    }

    /** Reads and drops what the client sends, so that its end is seen. */
    void swallow(String details) {
        connection.facts().info().terminationDetails = details;
        swallows = true;
        channel.pipeline().addLast(new Swallowing());
        channel.config().setAutoRead(true);
    }

    private void in(long nanos, Runnable action) {
        timer = channel.eventLoop()
                .schedule(
                        () -> {
                            timer = null;
                            if (channel.isOpen()) {
                                action.run();
                            }
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    private void stopTimer() {
        Future<?> running = timer;
        timer = null;
        if (running != null) {
            running.cancel(false);
        }
    }

    private static final class Swallowing extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                ctx.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
