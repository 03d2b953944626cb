package dev.mishap.rules;

import java.util.ArrayList;
import java.util.List;

/** The rules that touch one thing, and their share in the limits until it is over. */
public abstract sealed class Decision permits FaultDecision, ConnectionDecision, QuestionDecision {
    private final List<CompiledRule> touched;
    /** Dry runs that would have touched it. */
    private List<CompiledRule> wouldTouch = List.of();

    private boolean released;
    /** How many of {@link #touched} are known to have ended. */
    private int ended;

    Decision(boolean none) {
        touched = none ? List.of() : new ArrayList<>(2);
    }

    final void touch(CompiledRule compiled) {
        touched.add(compiled);
    }

    final void wouldTouch(CompiledRule compiled) {
        if (wouldTouch.isEmpty()) {
            wouldTouch = new ArrayList<>(2);
        }
        wouldTouch.add(compiled);
    }

    /** How many dry runs would have touched it. */
    public final int wouldTouchCount() {
        return wouldTouch.size();
    }

    /** The dry runs that would have touched it, in the order in which they would have acted. */
    public final FaultRule wouldTouch(int index) {
        return wouldTouch.get(index).rule;
    }

    /** Whether a dry run would have ended it, so that later ones would have had nothing to act on. */
    final boolean wouldEnd() {
        for (int i = 0; i < wouldTouch.size(); i++) {
            if (wouldTouch.get(i).terminal) {
                return true;
            }
        }
        return false;
    }

    /**
     * Takes out what rules would still do that have ended since ({@link RuleSet#end}): they keep their marks and counts, and delay, abort
     * or slow down nothing any more. Called on its own thread.
     *
     * @return whether there was one that this was not told of before
     */
    public final boolean dropEnded() {
        int now = 0;
        for (int i = 0; i < touched.size(); i++) {
            now += touched.get(i).state.ended ? 1 : 0;
        }
        if (now == ended) {
            return false;
        }
        ended = now;
        decideWithoutEnded();
        return true;
    }

    /** Whether a rule that touches it has ended, and {@link #dropEnded} was told. */
    final boolean hasEnded(int index) {
        return ended > 0 && touched.get(index).state.ended;
    }

    abstract void decideWithoutEnded();

    final CompiledRule compiled(int index) {
        return touched.get(index);
    }

    final boolean touches(CompiledRule compiled) {
        return touched.contains(compiled) || wouldTouch.contains(compiled);
    }

    public final int touchedCount() {
        return touched.size();
    }

    /** The rules that touch it, in the order in which they act. */
    public final FaultRule touched(int index) {
        return touched.get(index).rule;
    }

    /** Whether it has been charged to this cap already: what two faults touch is touched once. */
    final boolean isCharged(SlidingWindow cap) {
        for (int i = 0; i < touched.size(); i++) {
            if (touched.get(i).cap == cap) {
                return true;
            }
        }
        for (int i = 0; i < wouldTouch.size(); i++) {
            if (wouldTouch.get(i).cap == cap) {
                return true;
            }
        }
        return false;
    }

    /** Ends its share in the limits on concurrency. More calls do nothing. Called on its own thread. */
    public final void release() {
        if (released || touched.isEmpty() && wouldTouch.isEmpty()) {
            return;
        }
        released = true;
        for (int i = 0; i < touched.size(); i++) {
            touched.get(i).state.active.decrementAndGet();
        }
        for (int i = 0; i < wouldTouch.size(); i++) {
            wouldTouch.get(i).state.active.decrementAndGet();
        }
    }
}
