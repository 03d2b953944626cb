package dev.mishap.proxy.rules;

import dev.mishap.rules.QuestionDecision;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What faults hold back at the moment (requests that are delayed, answers that are slowed), loop by loop, so that the kill switch can
 * let go of all of it at once. What is held is linked through itself: to hold and to let go of something costs no object and no lock.
 */
public final class Holds {
    private static final Logger LOG = LoggerFactory.getLogger("mishap");

    /** Something that a fault holds back. Confined to its loop. */
    public abstract static class Hold {
        private @Nullable Hold previous;
        private @Nullable Hold next;
        private @Nullable LoopHolds list;

        /** Goes on without the fault, now. */
        protected abstract void letGo();

        /** Some rules have ended: goes on as if they had not been, which may be now ({@link dev.mishap.rules.Decision#dropEnded}). */
        protected abstract void rulesEnded();

        /** It is held no longer. More calls do nothing. */
        protected final void unhold() {
            LoopHolds of = list;
            if (of != null) {
                of.remove(this);
            }
        }
    }

    /** The end of a ring of what one loop holds. */
    private static final class LoopHolds {
        private @Nullable Hold first;
        /** Whether {@link Hold#rulesEnded} is about to be asked of all: rules that end one after the other need it once. */
        final AtomicBoolean told = new AtomicBoolean();

        void add(Hold hold) {
            assert hold.list == null;
            Hold head = first;
            hold.list = this;
            hold.next = head;
            if (head != null) {
                head.previous = hold;
            }
            first = hold;
        }

        void remove(Hold hold) {
            Hold before = hold.previous;
            Hold after = hold.next;
            if (before == null) {
                first = after;
            } else {
                before.next = after;
            }
            if (after != null) {
                after.previous = before;
            }
            hold.previous = hold.next = null;
            hold.list = null;
        }

        void letGo() {
            Hold hold;
            while ((hold = first) != null) {
                remove(hold);
                try {
                    hold.letGo();
                } catch (RuntimeException bug) {
                    LOG.error("what a fault held back could not go on", bug);
                }
            }
        }
    }

    private static void rulesEnded(LoopHolds holds) {
        holds.told.set(false);
        // What goes on may end others, so the ring is no guide.
        List<Hold> held = new ArrayList<>();
        for (Hold hold = holds.first; hold != null; hold = hold.next) {
            held.add(hold);
        }
        for (Hold hold : held) {
            if (hold.list == holds) {
                try {
                    hold.rulesEnded();
                } catch (RuntimeException bug) {
                    LOG.error("what a rule held back could not go on", bug);
                }
            }
        }
    }

    private final KillSwitch kill;
    private final Map<EventLoop, LoopHolds> loops = new ConcurrentHashMap<>();
    private final FastThreadLocal<LoopHolds> mine = new FastThreadLocal<>();

    Holds(KillSwitch kill) {
        this.kill = kill;
    }

    /** Holds something on its loop, which is the current one. */
    public void add(Hold hold, EventLoop loop) {
        LoopHolds holds = mine.get();
        if (holds == null) {
            holds = new LoopHolds();
            mine.set(holds);
            loops.put(loop, holds);
            // The kill switch, or the end of a rule, may have gone through the loops before this one was among them.
            LoopHolds late = holds;
            loop.execute(() -> {
                if (kill.isOn()) {
                    late.letGo();
                } else {
                    rulesEnded(late);
                }
            });
        }
        holds.add(hold);
    }

    /**
     * Runs a task when the decision's delay is over, or as soon as the kill switch is on or the rules that delay it have ended. On the loop,
     * which is the current one.
     */
    public void later(EventLoop loop, QuestionDecision decision, Runnable task) {
        later(loop, decision, 0, task);
    }

    /** The same with further nanoseconds to wait, which the rule asks for that makes the answer. */
    void later(EventLoop loop, QuestionDecision decision, long moreNanos, Runnable task) {
        decision.dropEnded();
        if (kill.isOn()) {
            task.run();
            return;
        }
        Later later = new Later(loop, decision, moreNanos, task);
        later.schedule();
        add(later, loop);
    }

    private static final class Later extends Hold {
        private final EventLoop loop;
        private final QuestionDecision decision;
        private final Runnable task;
        private final long moreNanos;
        private final long startNanos;
        private @Nullable Future<?> timer;

        Later(EventLoop loop, QuestionDecision decision, long moreNanos, Runnable task) {
            this.loop = loop;
            this.decision = decision;
            this.task = task;
            this.moreNanos = moreNanos;
            this.startNanos = loop.ticker().nanoTime();
        }

        void schedule() {
            long wait = decision.delayNanos() + (decision.hasAnswerEnded() ? 0 : moreNanos);
            long left = startNanos + wait - loop.ticker().nanoTime();
            timer = loop.schedule(this::over, Math.max(0, left), TimeUnit.NANOSECONDS);
        }

        @Override
        protected void rulesEnded() {
            if (decision.dropEnded()) {
                Future<?> running = timer;
                if (running != null) {
                    running.cancel(false);
                }
                schedule();
            }
        }

        private void over() {
            unhold();
            task.run();
        }

        @Override
        protected void letGo() {
            Future<?> running = timer;
            if (running != null) {
                running.cancel(false);
            }
            task.run();
        }
    }

    /** Has each loop let go of what it holds. Any thread. */
    void letGo() {
        each(holds -> true, LoopHolds::letGo);
    }

    /** Has each loop let go of what rules hold that have ended. Any thread, after {@link dev.mishap.rules.RuleSet#end}. */
    void rulesEnded() {
        each(holds -> holds.told.compareAndSet(false, true), Holds::rulesEnded);
    }

    private void each(Predicate<LoopHolds> which, Consumer<LoopHolds> what) {
        loops.forEach((loop, holds) -> {
            if (!which.test(holds)) {
                return;
            }
            try {
                loop.execute(() -> what.accept(holds));
            } catch (RejectedExecutionException e) {
                LOG.debug("a worker has ended", e);
            }
        });
    }
}
