package dev.mishap.control.store.local;

import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** When each lease is over. Renewals are not made durable: after a restart each has its full time again. */
final class Leases {
    private static final Duration RETRY = Duration.ofSeconds(1);

    private record Deadline(long millis, long atNanos) {}

    private final ConcurrentHashMap<Long, Deadline> deadlines = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor timer;
    private final LongConsumer over;

    Leases(LongConsumer over, ThreadFactory threads) {
        this.over = over;
        timer = new ScheduledThreadPoolExecutor(1, threads);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        timer.setRemoveOnCancelPolicy(true);
    }

    static long newId() {
        return ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
    }

    void add(long lease, long millis) {
        deadlines.put(lease, deadline(millis));
        schedule(lease, TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private static Deadline deadline(long millis) {
        return new Deadline(millis, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /** What it has now; null when it is not alive. */
    @Nullable
    Duration renew(long lease) {
        Deadline renewed = deadlines.computeIfPresent(
                lease, (id, old) -> old.atNanos - System.nanoTime() <= 0 ? old : deadline(old.millis));
        return renewed == null || renewed.atNanos - System.nanoTime() <= 0 ? null : Duration.ofMillis(renewed.millis);
    }

    boolean isOver(long lease) {
        Deadline deadline = deadlines.get(lease);
        return deadline == null || deadline.atNanos - System.nanoTime() <= 0;
    }

    void remove(long lease) {
        deadlines.remove(lease);
    }

    /** It could not be ended. */
    void again(long lease) {
        schedule(lease, RETRY.toNanos());
    }

    /** One timer a lease: it looks again when the lease was renewed meanwhile. */
    private void schedule(long lease, long nanos) {
        if (timer.isShutdown()) {
            return;
        }
        timer.schedule(
                () -> {
                    Deadline deadline = deadlines.get(lease);
                    if (deadline == null) {
                        return;
                    }
                    long left = deadline.atNanos - System.nanoTime();
                    if (left > 0) {
                        schedule(lease, left);
                    } else {
                        over.accept(lease);
                    }
                },
                nanos,
                TimeUnit.NANOSECONDS);
    }

    void close() {
        timer.shutdown();
    }
}
