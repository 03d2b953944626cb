package dev.mishap.rules;

import dev.mishap.rules.fault.ConnectionFault;
import java.util.ArrayList;
import java.util.List;

/**
 * What is to happen to one connection. Whoever got it calls {@link #release} once, when the connection has ended.
 */
public final class ConnectionDecision extends Decision {
    /** Nothing happens. */
    public static final ConnectionDecision NONE = new ConnectionDecision(true);

    private List<CompiledRule> kept = List.of();

    private ConnectionDecision(boolean none) {
        super(none);
    }

    ConnectionDecision() {
        this(false);
    }

    /** Whether nothing happens; a dry run may still want to be told of. */
    public boolean isNone() {
        return touchedCount() == 0;
    }

    /** The fault of {@link #touched}. The first may be one that decides at accept; there is no second of those. */
    public ConnectionFault fault(int index) {
        return (ConnectionFault) touched(index).fault();
    }

    /** Whether the rule of {@link #touched} touched the connection by the decision before this one, too. */
    public boolean isKept(int index) {
        return kept.contains(compiled(index));
    }

    void keep(CompiledRule compiled) {
        if (kept.isEmpty()) {
            kept = new ArrayList<>(2);
        }
        kept.add(compiled);
    }

    /** Whether what is decided leaves nothing for that rule to act on. */
    boolean supersedes(CompiledRule next) {
        if (next.dryRun && next.terminal && wouldEnd()) {
            return true;
        }
        if (isNone() || !(fault(0) instanceof ConnectionFault.AtAccept)) {
            return false;
        }
        return next.terminal
                || switch (fault(0).kind()) {
                    case REFUSE, BLACK_HOLE, TIMEOUT -> true;
                    // These let some connections pass.
                    default -> false;
                };
    }

    /** When the rule was installed, on the clock that {@link RuleSet#decide} is given. */
    public long installedNanos(int index) {
        return compiled(index).installed.installedNanos();
    }

    /** Where the fault's own draws (jitter, sizes, bits) begin for this connection: the same seed and connections, the same draws. */
    public long drawSeed(int index) {
        return XxHash64.finish(compiled(index).installed.seed() ^ seed);
    }

    /** Nothing to do: a connection is decided about again when rules change. */
    @Override
    void decideWithoutEnded() {}

    private long seed;

    void seed(long s) {
        seed = s;
    }
}
