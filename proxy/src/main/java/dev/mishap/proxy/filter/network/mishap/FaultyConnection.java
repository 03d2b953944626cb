package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.filter.network.mishap.BytePath.Shaped;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleMarks;
import dev.mishap.proxy.rules.RuleTag;
import dev.mishap.proxy.transport.Delivery;
import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.fault.Close;
import dev.mishap.rules.fault.ConnectDelay;
import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.ConnectionLimit;
import dev.mishap.rules.fault.ConnectionReset;
import dev.mishap.rules.fault.ExhaustPool;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Flap;
import dev.mishap.rules.fault.HalfOpen;
import dev.mishap.rules.fault.Moment;
import dev.mishap.rules.fault.Overflow;
import dev.mishap.rules.fault.Side;
import dev.mishap.rules.fault.Timeout;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One connection under rules: what they decided, and what is done about it. Confined to its loop. */
final class FaultyConnection implements ConnectionSlots.Waiter {
    private final ConnectionFaults owner;
    private final Channel channel;
    private final ConnectionFacts facts;
    private final boolean halfCloses;

    private RuleSet decidedBy = RuleSet.EMPTY;
    private ConnectionDecision decision = ConnectionDecision.NONE;
    private @Nullable ByteFaults bytes;
    private @Nullable Runnable proceed;
    private @Nullable ConnectionSlots place;
    private @Nullable ConnectionSlots wanted;
    private @Nullable HeldReads waiting;
    /** The rule that decided at accept, if one did. */
    private @Nullable FaultRule decider;

    private boolean holds;
    /** Bytes of the client's are dropped, so that nobody can serve it any more. */
    private boolean swallows;

    private boolean counted;
    private boolean watched;
    private final List<ScheduledFuture<?>> timers = new ArrayList<>(1);

    private Map<String, Object> marks = Map.of();

    /** The same connection under other rules, or null. */
    private final @Nullable FaultyConnection before;

    FaultyConnection(
            ConnectionFaults owner,
            Channel channel,
            ConnectionFacts facts,
            boolean halfCloses,
            @Nullable FaultyConnection before) {
        this.before = before;
        this.owner = owner;
        this.channel = channel;
        this.facts = facts;
        this.halfCloses = halfCloses;
    }

    ConnectionFaults owner() {
        return owner;
    }

    @Nullable
    FaultyConnection before() {
        return before;
    }

    /** How many sets of rules had the connection earlier. */
    private int layer() {
        return before == null ? 0 : before.layer() + 1;
    }

    ConnectionFacts facts() {
        return facts;
    }

    RuleSet decidedBy() {
        return decidedBy;
    }

    ConnectionDecision decision() {
        return decision;
    }

    // ---- deciding ----

    /** The connection is new; {@code goOn} starts its filters. */
    void admit(ActiveRules active, ConnectionDecision decided, Runnable goOn) {
        decidedBy = active.rules();
        decision = decided;
        proceed = goOn;
        dryRun(active);
        if (decided.isNone()) {
            goOn();
            return;
        }
        touched(active, 0);
        if (decided.fault(0) instanceof ConnectionFault.AtAccept) {
            atAccept(0);
        } else {
            enter();
        }
    }

    /** Other rules are in place. */
    void change(ActiveRules active, ConnectionDecision decided) {
        boolean fresh = decision.isNone();
        decidedBy = active.rules();
        decision = decided;
        if (!channel.isOpen()) {
            decided.release();
            return;
        }
        if (!decided.isNone()) {
            touched(active, fresh ? 0 : 1);
        } else if (counted) {
            counted = false;
            owner.stats.active.dec();
        }
        dryRun(active);
        ConnectionSlots line = wanted;
        if (owner.isKilled()) {
            letGo();
        } else if (line != null && !decides(decider)) {
            // The rule that has it wait is gone.
            wanted = null;
            line.leave(this);
            channel.config().setAutoRead(true);
            enter();
        } else if (proceed == null) {
            cancelTimers();
            shape(true);
        }
        // Else it has not come to its filters yet, and what it waits for stays.
    }

    private void cancelTimers() {
        timers.forEach(t -> t.cancel(false));
        timers.clear();
    }

    /** The kill switch: the connection goes on as if nothing had been; one that has lost bytes to a fault ends. */
    private void letGo() {
        cancelTimers();
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
        ByteFaults handler = bytes;
        if (swallows) {
            proceed = null;
            FinalClose.of(channel);
        } else if (handler != null && handler.isSilent()) {
            handler.finish();
        } else if (proceed != null) {
            channel.config().setAutoRead(true);
            goOn();
        } else {
            shape(true);
            if (handler != null) {
                handler.hurry();
            }
        }
    }

    private void touched(ActiveRules active, int already) {
        watch();
        if (!counted) {
            counted = true;
            owner.stats.active.inc();
        }
        if (already == 0) {
            owner.stats.touched.inc();
        }
        if (already == 0) {
            owner.stats.injected(active, decision);
        }
        mark(RuleMarks.of(active, decision));
    }

    /** Marks what only dry runs would touch, and has their share in the limits end with the connection. */
    private void dryRun(ActiveRules active) {
        if (decision.wouldTouchCount() > 0) {
            watch();
            if (decision.isNone()) {
                mark(RuleMarks.of(active, decision));
            }
        }
    }

    private void mark(Map<String, Object> mine) {
        marks = mine;
        Map<String, Object> all = mine;
        for (FaultyConnection each = before; each != null; each = each.before) {
            all = RuleMarks.joined(each.marks, all);
        }
        facts.info().putDynamicMetadata(RuleTag.METADATA_NAMESPACE, all);
    }

    private boolean decides(@Nullable FaultRule rule) {
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.touched(i).equals(rule)) {
                return true;
            }
        }
        return false;
    }

    private void watch() {
        if (!watched) {
            watched = true;
            channel.closeFuture().addListener(f -> closed());
        }
    }

    private void closed() {
        decision.release();
        if (counted) {
            counted = false;
            owner.stats.active.dec();
        }
        timers.forEach(t -> t.cancel(false));
        ConnectionSlots mine = place;
        place = null;
        ConnectionSlots line = wanted;
        wanted = null;
        proceed = null;
        if (line != null) {
            line.leave(this);
        }
        if (mine != null) {
            mine.release();
        }
    }

    // ---- at accept ----

    private void atAccept(int index) {
        ConnectionFault fault = decision.fault(index);
        FaultRule rule = decision.touched(index);
        decider = rule;
        switch (fault.kind()) {
            case REFUSE -> reset();
            case BLACK_HOLE -> swallow();
            case TIMEOUT -> {
                waiting = HeldReads.on(channel);
                channel.config().setAutoRead(false);
                in(((Timeout) fault).after().toNanos(), () -> end("mishap_timeout"));
            }
            case FLAP -> flap((Flap) fault, decision.installedNanos(index));
            case CONNECTION_LIMIT -> {
                ConnectionLimit limit = (ConnectionLimit) fault;
                take(owner.slots(rule, limit.max()), limit.then());
            }
            case EXHAUST_POOL -> {
                ExhaustPool pool = (ExhaustPool) fault;
                holds = true;
                take(owner.slots(rule, pool.hold()), pool.then());
            }
            default -> throw new AssertionError(fault);
        }
    }

    private void flap(Flap flap, long installedNanos) {
        if (flap.isUp(owner.nanoTime() - installedNanos)) {
            resetAtDown(flap, installedNanos);
            enter();
        } else {
            reset();
        }
    }

    private void resetAtDown(Flap flap, long installedNanos) {
        in(flap.phaseRestNanos(owner.nanoTime() - installedNanos), this::reset);
    }

    private void take(ConnectionSlots slots, Overflow then) {
        if (slots.tryTake()) {
            place = slots;
            placed();
            return;
        }
        switch (then) {
            case REFUSE -> reset();
            case CLOSE -> end("mishap_connection_limit");
            case QUEUE -> {
                wanted = slots;
                waiting = HeldReads.on(channel);
                channel.config().setAutoRead(false);
                slots.await(this);
            }
        }
    }

    private void placed() {
        if (holds) {
            swallow();
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

    /** Reads and drops what the client sends, so that its end is seen. */
    private void swallow() {
        facts.info().terminationDetails = "mishap_black_hole";
        swallows = true;
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
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
        });
        channel.config().setAutoRead(true);
    }

    // ---- on the way in ----

    /** Lets the connection to its filters, now or after a delay. */
    private void enter() {
        long wait = 0;
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.fault(i) instanceof ConnectDelay delay) {
                wait += delay.pace().nanos(new SplittableRandom(decision.drawSeed(i)).nextLong());
            }
        }
        if (wait > 0) {
            if (waiting == null) {
                waiting = HeldReads.on(channel);
            }
            channel.config().setAutoRead(false);
            in(wait, () -> {
                channel.config().setAutoRead(true);
                shape(false);
            });
        } else {
            shape(false);
        }
    }

    private void goOn() {
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

    /** Puts the faults of bytes in place, and the moments at which something ends. */
    private void shape(boolean live) {
        List<Shaped> shaped = new ArrayList<>();
        long resetAfter = Long.MAX_VALUE;
        long closeAfter = Long.MAX_VALUE;
        long silentAfter = Long.MAX_VALUE;
        for (int i = 0; i < decision.touchedCount(); i++) {
            ConnectionFault fault = decision.fault(i);
            switch (fault.kind()) {
                case LATENCY, BANDWIDTH, SLICE, LIMIT_DATA, CORRUPT, SLOW_CLOSE ->
                    shaped.add(new Shaped(fault, decision.drawSeed(i)));
                case CLOSE -> closeAfter = Math.min(closeAfter, at(((Close) fault).when(), () -> end("mishap_close")));
                case CONNECTION_RESET ->
                    resetAfter = Math.min(resetAfter, at(((ConnectionReset) fault).when(), this::reset));
                case HALF_OPEN -> silentAfter = Math.min(silentAfter, at(((HalfOpen) fault).when(), this::goSilent));
                case FLAP -> {
                    if (live) {
                        resetAtDown((Flap) fault, decision.installedNanos(i));
                    }
                }
                default -> {}
            }
            if (!channel.isOpen()) {
                return;
            }
        }
        boolean counts = Math.min(resetAfter, Math.min(closeAfter, silentAfter)) < Long.MAX_VALUE;
        ByteFaults handler = bytes;
        if (handler == null && (!shaped.isEmpty() || counts || needsSilence())) {
            handler = new ByteFaults(channel, halfCloses, Side.DOWNSTREAM, layer());
            bytes = handler;
            if (live) {
                channel.pipeline().addFirst(handler);
            } else {
                // Behind who holds what was read so far, or is about to give it on; before the filters.
                channel.pipeline().addLast(handler);
            }
            facts.info().bytesWatched = true;
        }
        if (handler != null) {
            handler.configure(shaped);
            handler.endings(
                    resetAfter,
                    closeAfter,
                    silentAfter,
                    this::resetDelivered,
                    () -> end("mishap_close"),
                    this::goSilent);
        }
        if (!live) {
            goOn();
        }
    }

    private boolean needsSilence() {
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.fault(i).kind() == Fault.Kind.HALF_OPEN) {
                return true;
            }
        }
        return false;
    }

    /** Sees to it that {@code action} happens at a moment; the number of bytes after which, when that is what it goes by. */
    private long at(Moment when, Runnable action) {
        if (when.bytes() > 0) {
            return when.bytes();
        }
        if (when.isAtOnce()) {
            action.run();
            return Long.MAX_VALUE;
        }
        in(Math.max(0, facts.info().acceptedNanos + when.after().toNanos() - System.nanoTime()), action);
        return Long.MAX_VALUE;
    }

    private void in(long nanos, Runnable action) {
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

    // ---- ends ----

    private void reset() {
        proceed = null;
        facts.info().terminationDetails = "mishap_reset";
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        closeNow();
    }

    /** The bytes before the reset are the client's. */
    private void resetDelivered() {
        Delivery.then(channel, this::reset);
    }

    private void end(String details) {
        proceed = null;
        HeldReads held = waiting;
        waiting = null;
        if (held != null) {
            held.discard();
        }
        facts.info().terminationDetails = details;
        ByteFaults handler = bytes;
        if (handler != null) {
            handler.finish();
        } else {
            swallow();
            facts.info().terminationDetails = details;
            FinalClose.of(channel);
        }
    }

    private void closeNow() {
        ByteFaults handler = bytes;
        if (handler == null) {
            channel.close();
        } else {
            handler.closeNow();
        }
    }

    private void goSilent() {
        ByteFaults handler = bytes;
        facts.info().terminationDetails = "mishap_half_open";
        if (proceed != null && handler == null) {
            // Nothing was begun upstream yet, and nothing will be.
            proceed = null;
            swallow();
        } else {
            if (handler == null) {
                handler = new ByteFaults(channel, halfCloses, Side.DOWNSTREAM, layer());
                bytes = handler;
                channel.pipeline().addFirst(handler);
                facts.info().bytesWatched = true;
            }
            handler.goSilent();
        }
    }
}
