package dev.mishap.proxy.filter.network.mishap;

import io.netty.channel.EventLoop;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** So many places for connections, over all workers, and those that wait for one. Safe for many threads; no lock. */
final class ConnectionSlots {
    /** Waits for a place. Its methods but {@link #loop} are called on its loop. */
    interface Waiter {
        EventLoop loop();

        /** Takes the place that is offered; false = it is gone, another shall have it. */
        boolean grant();
    }

    private final AtomicInteger used = new AtomicInteger();
    private final ConcurrentLinkedQueue<Waiter> waiting = new ConcurrentLinkedQueue<>();
    private volatile int size;

    ConnectionSlots(int size) {
        this.size = size;
    }

    void size(int newSize) {
        size = newSize;
        handOn();
    }

    /** Takes a place if there is one. */
    boolean tryTake() {
        while (true) {
            int now = used.get();
            if (now >= size) {
                return false;
            }
            if (used.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    /** Waits for a place. */
    void await(Waiter waiter) {
        waiting.add(waiter);
        // One may have become free in between.
        handOn();
    }

    /** Waits no more. */
    void leave(Waiter waiter) {
        waiting.remove(waiter);
    }

    /** Whether nobody has a place or waits for one. */
    boolean isUnused() {
        return used.get() == 0 && waiting.isEmpty();
    }

    /** Gives a place back. */
    void release() {
        used.decrementAndGet();
        handOn();
    }

    private void handOn() {
        while (!waiting.isEmpty() && tryTake()) {
            Waiter next = waiting.poll();
            if (next == null) {
                used.decrementAndGet();
                continue;
            }
            next.loop().execute(() -> {
                if (!next.grant()) {
                    release();
                }
            });
        }
    }
}
