package dev.mishap.control.rules;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells listeners what changed. What comes while one is busy is told to it as one change, so nothing piles up. */
final class RuleSubscribers {
    private static final Logger LOG = LoggerFactory.getLogger(RuleSubscribers.class);

    private final Executor executor;
    private final CopyOnWriteArrayList<Subscriber> subscribers = new CopyOnWriteArrayList<>();
    private RuleSnapshot newest = RuleSnapshot.EMPTY;

    /** @param executor of one thread */
    RuleSubscribers(Executor executor) {
        this.executor = executor;
    }

    synchronized RuleRegistry.Subscription add(RuleListener listener) {
        Subscriber subscriber = new Subscriber(listener);
        subscribers.add(subscriber);
        subscriber.offer(newest, RuleMirror.difference(RuleSnapshot.EMPTY, newest));
        return () -> {
            subscriber.closed = true;
            subscribers.remove(subscriber);
        };
    }

    synchronized void publish(RuleSnapshot snapshot, Set<RuleKey> changed) {
        newest = snapshot;
        for (Subscriber subscriber : subscribers) {
            subscriber.offer(snapshot, changed);
        }
    }

    private final class Subscriber implements Runnable {
        private final RuleListener listener;
        private RuleSnapshot told = RuleSnapshot.EMPTY;
        private RuleSnapshot latest = RuleSnapshot.EMPTY;
        private Set<RuleKey> changed = new HashSet<>();
        private boolean waiting;
        private volatile boolean closed;

        private Subscriber(RuleListener listener) {
            this.listener = listener;
        }

        private synchronized void offer(RuleSnapshot snapshot, Set<RuleKey> changes) {
            latest = snapshot;
            changed.addAll(changes);
            if (!waiting) {
                waiting = true;
                try {
                    executor.execute(this);
                } catch (RejectedExecutionException e) {
                    LOG.debug("a change after the registry was closed");
                }
            }
        }

        @Override
        public void run() {
            RuleChange change;
            synchronized (this) {
                change = new RuleChange(told, latest, Set.copyOf(changed));
                told = latest;
                changed = new HashSet<>();
                waiting = false;
            }
            if (closed) {
                return;
            }
            try {
                listener.onChange(change);
            } catch (RuntimeException e) {
                LOG.error(
                        "a listener of the rules fails at revision {}",
                        change.after().revision(),
                        e);
            }
        }
    }
}
