package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.upstream.UpstreamGate.Way;
import dev.mishap.proxy.upstream.UpstreamLink;
import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.fault.ConnectDelay;
import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Partition;
import dev.mishap.rules.fault.Side;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** One of the proxy's own connections under rules: what they decided, and what is done about it. Confined to its loop. */
final class FaultyUpstream implements LiveFaults.Ends {
    /** In the system's words, so that whoever asks finds a reset by the peer. */
    private static final String RESET = "Connection reset by peer";

    private final UpstreamFaults owner;
    private final UpstreamLink link;
    private final EndpointFacts facts;
    private final Ruling ruling;
    /** The same connection under other rules, or null. */
    private final @Nullable FaultyUpstream before;

    /** What was decided about a connection that has no channel yet, and by which rules. */
    private @Nullable ActiveRules decidedBy;

    private ConnectionDecision decided = ConnectionDecision.NONE;

    private @Nullable LiveFaults live;
    private boolean connected;
    private long connectedNanos;

    FaultyUpstream(UpstreamFaults owner, UpstreamLink link, EndpointFacts facts, @Nullable FaultyUpstream before) {
        this.before = before;
        this.owner = owner;
        this.link = link;
        this.facts = facts;
        ruling = new Ruling(
                owner.stats,
                owner.stats.upstreamTouched,
                this::mark,
                this::ended,
                before == null ? null : before.ruling);
    }

    UpstreamFaults owner() {
        return owner;
    }

    @Nullable
    FaultyUpstream before() {
        return before;
    }

    EndpointFacts facts() {
        return facts;
    }

    Ruling ruling() {
        return ruling;
    }

    /** A connection is asked for; how it is to be made. */
    Way decided(ActiveRules by, ConnectionDecision decision) {
        decidedBy = by;
        decided = decision;
        return way(decision);
    }

    /** The connection has its channel. */
    void begun(ChannelFuture made) {
        ActiveRules by = decidedBy;
        if (by == null) {
            return;
        }
        decidedBy = null;
        Channel channel = made.channel();
        ruling.set(channel, by, decided);
        live(channel).shape(decided, false);
        made.addListener(f -> {
            if (f.isSuccess()) {
                // Not before who wanted the connection knows that it is there.
                channel.eventLoop().execute(() -> connected(channel));
            }
        });
    }

    /** Whether it may be made as things stand. */
    Way way() {
        return way(ruling.decision());
    }

    private static Way way(ConnectionDecision decision) {
        Way way = Way.NOW;
        for (int i = 0; i < decision.touchedCount(); i++) {
            ConnectionFault fault = decision.fault(i);
            if (fault.kind() == Fault.Kind.REFUSE) {
                return Way.REFUSED;
            }
            if (fault instanceof Partition partition) {
                if (partition.mode() == Partition.Mode.REFUSE) {
                    return Way.REFUSED;
                }
                way = Way.CUT;
            }
        }
        return way.and(Way.after(delayNanos(decision)));
    }

    private static long delayNanos(ConnectionDecision decision) {
        long wait = 0;
        for (int i = 0; i < decision.touchedCount(); i++) {
            if (decision.fault(i) instanceof ConnectDelay delay) {
                wait += delay.pace().nanos(new SplittableRandom(decision.drawSeed(i)).nextLong());
            }
        }
        return wait;
    }

    private LiveFaults live(Channel channel) {
        LiveFaults faults = live;
        if (faults == null) {
            faults = new LiveFaults(channel, link.halfCloses(), Side.UPSTREAM, ruling.layer(), owner::nanoTime, this);
            live = faults;
        }
        return faults;
    }

    private void connected(Channel channel) {
        connected = true;
        connectedNanos = System.nanoTime();
        live(channel).arm(ruling.decision(), connectedNanos);
    }

    /** Other rules are in place. */
    void change(ActiveRules active, ConnectionDecision decision) {
        Channel channel = link.channel();
        if (!channel.isOpen()) {
            decision.release();
            return;
        }
        if (!connected && channel.isActive()) {
            // It was there before any rule was; how old it is, nobody wrote down.
            connected = true;
            connectedNanos = System.nanoTime();
        }
        ruling.set(channel, active, decision);
        if (decision.isNone() && live == null) {
            return;
        }
        LiveFaults faults = live(channel);
        faults.shape(decision, false);
        if (owner.isKilled()) {
            faults.hurry();
        }
        if (connected) {
            faults.arm(decision, connectedNanos);
        }
    }

    private void mark() {
        FaultyUpstream newest = (FaultyUpstream) link.state;
        assert newest != null;
        link.mark(link.channel(), newest.ruling.allMarks(true));
    }

    private void ended() {
        LiveFaults faults = live;
        if (faults != null) {
            faults.disarm();
        }
    }

    /** As if the service had reset the connection; the service gets a reset, too. */
    @Override
    public void reset() {
        Channel channel = link.channel();
        if (channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.pipeline().fireExceptionCaught(new IOException(RESET));
            channel.close();
        }
    }

    /** As if the service had closed the connection; the service gets an end. */
    @Override
    public void close() {
        link.channel().close();
    }

    /** Its peer is a service; that a client's connection goes silent is a matter of that one. */
    @Override
    public void goSilent() {}
}
