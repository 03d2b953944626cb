package dev.mishap.rules;

import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Reset;
import org.jspecify.annotations.Nullable;

/**
 * What is to happen to one request. All dice are rolled at once, before the delay; Envoy rolls the abort's after it, which is
 * equal in law because nothing that the request depends on changes in between.
 *
 * <p>Whoever got it calls {@link #release} once, when the request has ended in whatever way. Aborts and resets come first among
 * the rules that touch it, then delays, then rate limits, each in their order.
 */
public final class FaultDecision extends Decision {
    /** Nothing happens. */
    public static final FaultDecision NONE = new FaultDecision();

    private long delayNanos;
    private Fault.@Nullable Terminal terminal;
    private long bytesPerSecond;

    private FaultDecision() {
        super(true);
    }

    FaultDecision(CompiledRule first) {
        super(false);
        add(first);
    }

    void add(CompiledRule compiled) {
        if (compiled.dryRun) {
            wouldTouch(compiled);
            return;
        }
        touch(compiled);
        act(compiled);
    }

    private void act(CompiledRule compiled) {
        Fault fault = compiled.rule.fault();
        switch (fault.kind()) {
            case ABORT, RESET -> terminal = (Fault.Terminal) fault;
            case DELAY -> delayNanos = saturatedAdd(delayNanos, compiled.delayNanos);
            case RESPONSE_RATE_LIMIT ->
                bytesPerSecond = bytesPerSecond == 0
                        ? compiled.bytesPerSecond
                        : Math.min(bytesPerSecond, compiled.bytesPerSecond);
            default -> throw new AssertionError(fault);
        }
    }

    @Override
    void decideWithoutEnded() {
        delayNanos = 0;
        terminal = null;
        bytesPerSecond = 0;
        for (int i = 0; i < touchedCount(); i++) {
            if (!hasEnded(i)) {
                act(compiled(i));
            }
        }
    }

    private static long saturatedAdd(long a, long b) {
        long sum = a + b;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    /** Whether nothing happens, and nothing would. */
    public boolean isNone() {
        return this == NONE;
    }

    /** How long the request waits before anything else; the sum of all delays; 0 = not at all. */
    public long delayNanos() {
        return delayNanos;
    }

    /** What ends the request after the delay; null = it goes on. */
    public Fault.@Nullable Terminal terminal() {
        return terminal;
    }

    /** The abort, if that is how the request ends. */
    public @Nullable Abort abort() {
        return terminal instanceof Abort a ? a : null;
    }

    public boolean isReset() {
        return terminal instanceof Reset;
    }

    /** The reset, if that is how the exchange ends. */
    public @Nullable Reset reset() {
        return terminal instanceof Reset r ? r : null;
    }

    /** How fast the response's body is sent, the slowest of all limits; 0 = unlimited. */
    public long bytesPerSecond() {
        return bytesPerSecond;
    }
}
