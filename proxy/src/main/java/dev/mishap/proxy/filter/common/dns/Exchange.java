package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.rules.Holds;
import dev.mishap.proxy.rules.RuleMarks;
import dev.mishap.rules.QuestionDecision;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One question of a client, from its coming to its answer. Used again by its loop, and confined to it. */
final class Exchange extends Holds.Hold implements Runnable {
    private static final ByteBuf NOTHING = io.netty.buffer.Unpooled.EMPTY_BUFFER;

    private final DnsServer server;

    /** The question as the client sent it. Owned. */
    ByteBuf query = NOTHING;

    int questionEnd;
    int clientId;

    @Nullable
    DnsClient client;

    @Nullable
    InetSocketAddress address;

    long startNanos;
    QuestionDecision decision = QuestionDecision.NONE;
    /** Marks of the rules that touch it, and of dry runs that would, for the log. */
    @Nullable
    Map<String, Object> marks;

    /** An answer that waits for its delay. Owned. */
    @Nullable
    ByteBuf held;

    @Nullable
    ScheduledFuture<?> delay;

    long delayStartNanos;

    /** How often a resolver was asked, and which ones in this round. */
    int attempts;

    int tried;
    int upstream;
    long deadline;

    @Nullable
    UpstreamPath path;

    int upstreamId;

    /** The largest answer that the client takes over UDP. */
    int payload;
    /** Whether a resolver that truncated its answer was asked again over TCP, since the client has room for the whole one. */
    boolean askedAgain;
    /** That truncated answer, in case the whole one does not come. Owned. */
    @Nullable
    ByteBuf truncated;

    boolean injected;
    boolean unanswered;
    boolean overflow;

    @Nullable
    Exchange older;

    @Nullable
    Exchange newer;

    boolean waiting;

    /** Neighbours among the questions of one TCP connection. */
    @Nullable
    Exchange previousOfClient;

    @Nullable
    Exchange nextOfClient;

    Exchange(DnsServer server) {
        this.server = server;
    }

    void mark(Map<String, Object> more) {
        marks = RuleMarks.joined(marks, more);
    }

    /** The delay is over. */
    @Override
    public void run() {
        unhold();
        ByteBuf answer = held;
        held = null;
        delay = null;
        if (answer != null) {
            server.send(this, answer);
        }
    }

    @Override
    protected void rulesEnded() {
        if (held != null && decision.dropEnded()) {
            server.delayAgain(this);
        }
    }

    /** No fault may go on. */
    @Override
    protected void letGo() {
        ScheduledFuture<?> timer = delay;
        if (timer != null) {
            timer.cancel(false);
        }
        run();
    }

    void ended() {
        unhold();
        held = null;
        delay = null;
    }

    void clear() {
        query.release();
        query = NOTHING;
        ByteBuf kept = truncated;
        if (kept != null) {
            truncated = null;
            kept.release();
        }
        askedAgain = false;
        client = null;
        address = null;
        decision = QuestionDecision.NONE;
        marks = null;
        attempts = tried = 0;
        path = null;
        injected = unanswered = overflow = false;
    }
}
