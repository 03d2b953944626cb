package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.filter.network.mishap.BytePath.Shaped;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleMarks;
import dev.mishap.proxy.transport.Delivery;
import dev.mishap.proxy.upstream.UpstreamGate;
import dev.mishap.proxy.upstream.UpstreamLink;
import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.fault.Close;
import dev.mishap.rules.fault.ConnectDelay;
import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.ConnectionReset;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Moment;
import dev.mishap.rules.fault.Partition;
import dev.mishap.rules.fault.Side;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One of the proxy's own connections under rules: what they decided, and what is done about it. Confined to its loop. */
final class FaultyUpstream {
    /** In the system's words, so that whoever asks finds a reset by the peer. */
    private static final String RESET = "Connection reset by peer";

    private final UpstreamFaults owner;
    private final UpstreamLink link;
    private final EndpointFacts facts;
    private final List<ScheduledFuture<?>> timers = new ArrayList<>(1);

    private RuleSet decidedBy = RuleSet.EMPTY;
    private ConnectionDecision decision = ConnectionDecision.NONE;
    private @Nullable ByteFaults bytes;
    /** The way to an endpoint that is cut off; null when it is not. */
    private UpstreamGate.@Nullable Dial cut;

    private long connectedNanos;
    private boolean connected;
    private boolean counted;
    private boolean watched;

    /** The same connection under other rules, or null. */
    private final @Nullable FaultyUpstream before;

    private Map<String, Object> marks = Map.of();

    FaultyUpstream(UpstreamFaults owner, UpstreamLink link, EndpointFacts facts, @Nullable FaultyUpstream before) {
        this.before = before;
        this.owner = owner;
        this.link = link;
        this.facts = facts;
    }

    UpstreamFaults owner() {
        return owner;
    }

    @Nullable
    FaultyUpstream before() {
        return before;
    }

    /** How many sets of rules had the connection earlier. */
    private int layer() {
        return before == null ? 0 : before.layer() + 1;
    }

    EndpointFacts facts() {
        return facts;
    }

    RuleSet decidedBy() {
        return decidedBy;
    }

    ConnectionDecision decision() {
        return decision;
    }

    /** Makes the connection, as far as the rules let it. */
    ChannelFuture open(ActiveRules active, ConnectionDecision decided, UpstreamGate.Dial dial) {
        decidedBy = active.rules();
        decision = decided;
        ChannelFuture future = dial(dial);
        Channel channel = future.channel();
        touched(active, channel, true);
        shape(channel);
        future.addListener(f -> {
            if (f.isSuccess()) {
                // Not before who wanted the connection knows that it is there.
                channel.eventLoop().execute(() -> connected(channel));
            }
        });
        return future;
    }

    private ChannelFuture dial(UpstreamGate.Dial dial) {
        long wait = 0;
        boolean unanswered = false;
        for (int i = 0; i < decision.touchedCount(); i++) {
            ConnectionFault fault = decision.fault(i);
            boolean refused = fault instanceof Partition p && p.mode() == Partition.Mode.REFUSE;
            if (refused || fault.kind() == Fault.Kind.REFUSE) {
                return dial.refused();
            }
            unanswered |= fault instanceof Partition;
            if (fault instanceof ConnectDelay delay) {
                wait += delay.pace().nanos(new SplittableRandom(decision.drawSeed(i)).nextLong());
            }
        }
        if (unanswered) {
            cut = dial;
            return dial.unanswered();
        }
        return wait > 0 ? dial.later(wait) : dial.now();
    }

    private boolean isCut() {
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.fault(i) instanceof Partition) {
                return true;
            }
        }
        return false;
    }

    private void connected(Channel channel) {
        connected = true;
        connectedNanos = System.nanoTime();
        if (channel.isOpen()) {
            moments();
        }
    }

    /** Other rules are in place. */
    void change(ActiveRules active, ConnectionDecision decided) {
        Channel channel = link.channel();
        boolean fresh = decision.isNone();
        decidedBy = active.rules();
        decision = decided;
        if (!channel.isOpen()) {
            decided.release();
            return;
        }
        if (!connected && channel.isActive()) {
            // It was there before any rule was; how old it is, nobody wrote down.
            connected = true;
            connectedNanos = System.nanoTime();
        }
        touched(active, channel, fresh);
        timers.forEach(t -> t.cancel(false));
        timers.clear();
        UpstreamGate.Dial way = cut;
        if (way != null && !isCut()) {
            cut = null;
            way.answer();
        }
        shape(channel);
        ByteFaults handler = bytes;
        if (owner.isKilled() && handler != null) {
            handler.hurry();
        }
        if (connected && channel.isOpen()) {
            moments();
        }
    }

    private void touched(ActiveRules active, Channel channel, boolean first) {
        boolean would = decision.wouldTouchCount() > 0;
        if (!watched && (would || !decision.isNone())) {
            watched = true;
            channel.closeFuture().addListener(f -> closed());
        }
        boolean counts = !decision.isNone() && channel.isOpen();
        if (counts != counted) {
            counted = counts;
            if (counts) {
                owner.stats.active.inc();
            } else {
                owner.stats.active.dec();
            }
        }
        if (decision.isNone() && !would) {
            return;
        }
        marks = RuleMarks.of(active, decision);
        Map<String, Object> all = Map.of();
        for (FaultyUpstream each = (FaultyUpstream) link.state; each != null; each = each.before) {
            all = RuleMarks.joined(each.marks, all);
        }
        link.mark(channel, all);
        if (first && !decision.isNone()) {
            owner.stats.upstreamTouched.inc();
            owner.stats.injected(active, decision);
        }
    }

    private void closed() {
        decision.release();
        if (counted) {
            counted = false;
            owner.stats.active.dec();
        }
        timers.forEach(t -> t.cancel(false));
    }

    /** Puts the faults of bytes in place, and what happens after so many of them. */
    private void shape(Channel channel) {
        if (!channel.isOpen()) {
            return;
        }
        List<Shaped> shaped = new ArrayList<>();
        long resetAfter = Long.MAX_VALUE;
        long closeAfter = Long.MAX_VALUE;
        for (int i = 0; i < decision.touchedCount(); i++) {
            ConnectionFault fault = decision.fault(i);
            switch (fault.kind()) {
                case LATENCY, BANDWIDTH, SLICE, LIMIT_DATA, CORRUPT, SLOW_CLOSE, PARTITION ->
                    shaped.add(new Shaped(fault, decision.drawSeed(i)));
                case CLOSE -> closeAfter = Math.min(closeAfter, bytes(((Close) fault).when()));
                case CONNECTION_RESET -> resetAfter = Math.min(resetAfter, bytes(((ConnectionReset) fault).when()));
                default -> {}
            }
        }
        ByteFaults handler = bytes;
        if (handler == null && (!shaped.isEmpty() || Math.min(resetAfter, closeAfter) < Long.MAX_VALUE)) {
            handler = new ByteFaults(channel, link.halfCloses(), Side.UPSTREAM, layer());
            bytes = handler;
            channel.pipeline().addFirst(handler);
        }
        if (handler != null) {
            handler.configure(shaped);
            handler.endings(
                    resetAfter,
                    closeAfter,
                    Long.MAX_VALUE,
                    () -> Delivery.then(channel, () -> reset(channel)),
                    () -> close(channel),
                    () -> {});
        }
    }

    private static long bytes(Moment when) {
        return when.bytes() > 0 ? when.bytes() : Long.MAX_VALUE;
    }

    /** What happens to a connection that is there: at once, or when it is so old. */
    private void moments() {
        Channel channel = link.channel();
        for (int i = 0; i < decision.touchedCount(); i++) {
            ConnectionFault fault = decision.fault(i);
            if (fault instanceof Close close) {
                at(channel, close.when(), () -> close(channel));
            } else if (fault instanceof ConnectionReset reset) {
                at(channel, reset.when(), () -> reset(channel));
            } else if (fault instanceof Partition p && p.mode() == Partition.Mode.REFUSE) {
                at(channel, Moment.AT_ONCE, () -> reset(channel));
            }
        }
    }

    private void at(Channel channel, Moment when, Runnable action) {
        if (when.bytes() > 0) {
            return;
        }
        long wait = when.isAtOnce() ? 0 : connectedNanos + when.after().toNanos() - System.nanoTime();
        if (wait <= 0) {
            action.run();
        } else {
            timers.add(channel.eventLoop().schedule(action, wait, TimeUnit.NANOSECONDS));
        }
    }

    /** As if the service had reset the connection; the service gets a reset, too. */
    private static void reset(Channel channel) {
        if (channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.pipeline().fireExceptionCaught(new IOException(RESET));
            channel.close();
        }
    }

    /** As if the service had closed the connection; the service gets an end. */
    private static void close(Channel channel) {
        channel.close();
    }
}
