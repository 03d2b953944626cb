package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleTag;
import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Side;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import org.jspecify.annotations.Nullable;

/** One connection of a client's under one set of rules: what they decided, and what is done about it. Confined to its loop. */
final class FaultyConnection implements LiveFaults.Ends {
    private final ConnectionFaults owner;
    private final Channel channel;
    private final ConnectionFacts facts;
    private final Ruling ruling;
    private final LiveFaults live;
    /** The same connection under other rules, or null. */
    private final @Nullable FaultyConnection before;

    /** Null for a connection that no rule touched when it was accepted. */
    private @Nullable Admission admission;
    /** Nothing of it is left to act on. */
    private boolean over;

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
        ruling = new Ruling(
                owner.stats, owner.stats.touched, this::mark, this::closed, before == null ? null : before.ruling);
        live = new LiveFaults(channel, halfCloses, Side.DOWNSTREAM, ruling.layer(), owner::nanoTime, this);
    }

    ConnectionFaults owner() {
        return owner;
    }

    @Nullable
    FaultyConnection before() {
        return before;
    }

    ConnectionFacts facts() {
        return facts;
    }

    Ruling ruling() {
        return ruling;
    }

    /** The connection is new; {@code goOn} starts its filters. */
    void admit(ActiveRules active, ConnectionDecision decided, Runnable goOn) {
        ruling.set(channel, active, decided);
        if (decided.isNone()) {
            goOn.run();
            return;
        }
        Admission way = new Admission(this, channel, goOn);
        admission = way;
        way.begin(decided);
    }

    /** The connection's turn to get its filters has come. */
    void enter() {
        live.shape(ruling.decision(), true);
        arm();
        Admission way = admission;
        if (channel.isOpen() && way != null) {
            way.goOn();
        }
    }

    /** Other rules are in place. */
    void change(ActiveRules active, ConnectionDecision decided) {
        if (!channel.isOpen()) {
            decided.release();
            return;
        }
        ruling.set(channel, active, decided);
        Admission way = admission;
        if (over) {
            return;
        }
        ByteFaults handler = live.bytes();
        if (owner.isKilled()) {
            letGo();
        } else if (way != null && way.isPending()) {
            way.changed(active.rules(), decided);
        } else if (handler != null && handler.isSilent() && !isHalfOpen(decided)) {
            live.disarm();
            handler.finish();
        } else {
            live.shape(decided, false);
            arm();
        }
    }

    private static boolean isHalfOpen(ConnectionDecision decided) {
        for (int i = 0; i < decided.touchedCount(); i++) {
            if (decided.fault(i).kind() == Fault.Kind.HALF_OPEN) {
                return true;
            }
        }
        return false;
    }

    private void arm() {
        live.arm(ruling.decision(), facts.info().acceptedNanos);
    }

    /** The kill switch: the connection goes on as if nothing had been; one that has lost bytes to a fault ends. */
    private void letGo() {
        Admission way = admission;
        ByteFaults handler = live.bytes();
        live.disarm();
        if (handler != null && handler.isSilent()) {
            handler.finish();
        } else if (way != null && way.isPending()) {
            way.letGo();
        } else {
            if (way != null) {
                way.closed();
            }
            live.shape(ruling.decision(), false);
            live.hurry();
        }
    }

    private void mark() {
        FaultyConnection newest = owner.newest(channel);
        facts.info().putDynamicMetadata(RuleTag.METADATA_NAMESPACE, newest.ruling.allMarks(false));
        facts.info().marks(newest.ruling.allMarks(true));
    }

    private void closed() {
        live.disarm();
        Admission way = admission;
        if (way != null) {
            way.closed();
        }
    }

    // ---- ends ----

    private void over() {
        over = true;
        live.disarm();
        Admission way = admission;
        if (way != null) {
            way.cancel();
        }
    }

    @Override
    public void reset() {
        over();
        facts.info().terminationDetails = "mishap_reset";
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        ByteFaults handler = live.bytes();
        if (handler == null) {
            channel.close();
        } else {
            handler.closeNow();
        }
    }

    @Override
    public void close() {
        end("mishap_close");
    }

    /** Ends the connection by a FIN. */
    void end(String details) {
        facts.info().terminationDetails = details;
        finish();
    }

    /** Ends the connection by a FIN, for a reason that is told already. */
    void finish() {
        over();
        live.install().finish();
    }

    @Override
    public void goSilent() {
        facts.info().terminationDetails = "mishap_half_open";
        Admission way = admission;
        if (way != null) {
            way.cancel();
        }
        live.install().goSilent();
    }
}
