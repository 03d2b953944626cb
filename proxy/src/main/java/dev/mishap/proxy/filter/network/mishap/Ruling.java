package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleMarks;
import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.RuleSet;
import io.netty.channel.Channel;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one set of rules has decided about a connection at the moment: counted as long as it lasts, told to logs, and released when the
 * connection ends. Confined to the connection's loop.
 */
final class Ruling {
    private final ConnectionFaultStats stats;
    private final Counter touched;
    private final Runnable onMarks;
    private final Runnable onEnd;
    /** What other rules decided about the same connection, or null. */
    private final @Nullable Ruling before;

    private RuleSet by = RuleSet.EMPTY;
    private ConnectionDecision decision = ConnectionDecision.NONE;
    private Map<String, Object> marks = Map.of();
    private boolean marked;
    private boolean counted;
    private boolean watched;

    /**
     * @param touched counts the connections that rules begin to touch
     * @param onMarks told when the marks have changed
     * @param onEnd told when the connection is closed, if it was ever decided that something happens to it
     */
    Ruling(ConnectionFaultStats stats, Counter touched, Runnable onMarks, Runnable onEnd, @Nullable Ruling before) {
        this.stats = stats;
        this.touched = touched;
        this.onMarks = onMarks;
        this.onEnd = onEnd;
        this.before = before;
    }

    /** The rules that decided. */
    RuleSet by() {
        return by;
    }

    ConnectionDecision decision() {
        return decision;
    }

    /** How many sets of rules had the connection earlier. */
    int layer() {
        return before == null ? 0 : before.layer() + 1;
    }

    /** Takes a decision in place of the one before, which is released already. */
    void set(Channel channel, ActiveRules active, ConnectionDecision decided) {
        boolean first = decision.isNone();
        by = active.rules();
        decision = decided;
        if (!decided.isNone() && first) {
            touched.inc();
        }
        stats.injected(active, decided);
        boolean says = !decided.isNone() || decided.wouldTouchCount() > 0;
        if (says) {
            marks = RuleMarks.of(active, decided);
        }
        if (says || marked) {
            marked = says;
            onMarks.run();
        }
        count(!decided.isNone() && channel.isOpen());
        if (says && !watched) {
            watched = true;
            if (channel.isOpen()) {
                channel.closeFuture().addListener(f -> closed());
            } else {
                closed(); // one that never came to be, for want of a descriptor, would not tell
            }
        }
    }

    private void count(boolean on) {
        if (on != counted) {
            counted = on;
            if (on) {
                stats.active.inc();
            } else {
                stats.active.dec();
            }
        }
    }

    private void closed() {
        decision.release();
        count(false);
        onEnd.run();
    }

    /**
     * What all rules mark the connection with, the earlier ones' first.
     *
     * @param lasting only of what lasts; else also what was last
     */
    Map<String, Object> allMarks(boolean lasting) {
        Map<String, Object> mine = lasting && !marked ? Map.of() : marks;
        return before == null ? mine : RuleMarks.joined(before.allMarks(lasting), mine);
    }
}
