package dev.mishap.control.xds;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads on which streams live. Each stream belongs to one of them for good, so that its state needs no lock. */
final class Workers implements AutoCloseable {
    private final ExecutorService[] workers;
    private final ScheduledThreadPoolExecutor timer;
    private final AtomicInteger next = new AtomicInteger();

    Workers(int threads) {
        workers = new ExecutorService[threads];
        for (int i = 0; i < threads; i++) {
            String name = "xds-worker-" + i;
            workers[i] = Executors.newSingleThreadExecutor(task -> daemon(task, name));
        }
        timer = new ScheduledThreadPoolExecutor(1, task -> daemon(task, "xds-timer"));
        timer.setRemoveOnCancelPolicy(true);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    Executor next() {
        ExecutorService worker = workers[Math.floorMod(next.getAndIncrement(), workers.length)];
        return task -> {
            try {
                worker.execute(task);
            } catch (RejectedExecutionException e) {
                // The server is closing, and with it all streams.
            }
        };
    }

    /** The task must be quick, such as a hop to a worker. */
    void after(Duration delay, Runnable task) {
        try {
            timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            // As above.
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
        for (ExecutorService worker : workers) {
            worker.shutdown();
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }
}
