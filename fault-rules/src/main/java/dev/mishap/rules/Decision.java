package dev.mishap.rules;

import java.util.ArrayList;
import java.util.List;

/** The rules that touch one thing, and their share in the limits until it is over. */
abstract class Decision {
    private final List<CompiledRule> touched;
    private boolean released;

    Decision(boolean none) {
        touched = none ? List.of() : new ArrayList<>(2);
    }

    final void touch(CompiledRule compiled) {
        touched.add(compiled);
    }

    final CompiledRule compiled(int index) {
        return touched.get(index);
    }

    final boolean touches(CompiledRule compiled) {
        return touched.contains(compiled);
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
        return false;
    }

    /** Ends its share in the limits on concurrency. More calls do nothing. Called on its own thread. */
    public final void release() {
        if (touched.isEmpty() || released) {
            return;
        }
        released = true;
        for (int i = 0; i < touched.size(); i++) {
            touched.get(i).state.active.decrementAndGet();
        }
    }
}
