package dev.mishap.proxy.rules;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
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
            if (kill.isOn()) {
                // It may have gone through the loops before this one was among them.
                loop.execute(holds::letGo);
            }
        }
        holds.add(hold);
    }

    /** Runs a task later, or as soon as the kill switch is on. On the loop, which is the current one. */
    public void later(EventLoop loop, long nanos, Runnable task) {
        if (kill.isOn()) {
            task.run();
            return;
        }
        Later later = new Later(task);
        later.timer = loop.schedule(later::over, nanos, TimeUnit.NANOSECONDS);
        add(later, loop);
    }

    private static final class Later extends Hold {
        private final Runnable task;
        private @Nullable Future<?> timer;

        Later(Runnable task) {
            this.task = task;
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
        loops.forEach((loop, holds) -> {
            try {
                loop.execute(holds::letGo);
            } catch (RejectedExecutionException e) {
                LOG.debug("a worker has ended", e);
            }
        });
    }
}
