package dev.mishap.rules;

import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Reset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to happen to one request. All dice are rolled at once, before the delay; Envoy rolls the abort's after it, which is
 * equal in law because nothing that the request depends on changes in between.
 *
 * <p>Whoever got it calls {@link #release} once, when the request has ended in whatever way.
 */
public final class FaultDecision {
    /** Nothing happens. */
    public static final FaultDecision NONE = new FaultDecision();

    private final List<CompiledRule> touched;
    private long delayNanos;
    private Fault.@Nullable Terminal terminal;
    private long bytesPerSecond;
    private boolean released;

    private FaultDecision() {
        touched = List.of();
    }

    FaultDecision(CompiledRule first) {
        touched = new ArrayList<>(2);
        add(first);
    }

    void add(CompiledRule compiled) {
        touched.add(compiled);
        Fault fault = compiled.rule.fault();
        switch (fault.kind()) {
            case ABORT, RESET -> terminal = (Fault.Terminal) fault;
            case DELAY -> delayNanos = saturatedAdd(delayNanos, compiled.delayNanos);
            case RESPONSE_RATE_LIMIT ->
                bytesPerSecond = bytesPerSecond == 0
                        ? compiled.bytesPerSecond
                        : Math.min(bytesPerSecond, compiled.bytesPerSecond);
        }
    }

    private static long saturatedAdd(long a, long b) {
        long sum = a + b;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

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

    /** How fast the response's body is sent, the slowest of all limits; 0 = unlimited. */
    public long bytesPerSecond() {
        return bytesPerSecond;
    }

    public int touchedCount() {
        return touched.size();
    }

    /** The rules that touch the request: aborts and resets first, then delays, then rate limits, each in their order. */
    public FaultRule touched(int index) {
        return touched.get(index).rule;
    }

    /** Whether the request has been charged to this cap already: a request that two faults touch is touched once. */
    boolean isCharged(SlidingWindow cap) {
        for (int i = 0; i < touched.size(); i++) {
            if (touched.get(i).cap == cap) {
                return true;
            }
        }
        return false;
    }

    /** Ends the request's share in the limits on concurrency. More calls do nothing. Called on the request's own thread. */
    public void release() {
        if (this == NONE || released) {
            return;
        }
        released = true;
        for (int i = 0; i < touched.size(); i++) {
            touched.get(i).state.active.decrementAndGet();
        }
    }
}
