package dev.mishap.control.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns SIGINT and SIGTERM into a wish to end: the process stays until the work has been ended in order, at most 20 s. The JVM then exits
 * with the signal's own code, 130 after SIGINT.
 */
final class Interrupts implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 20;

    private final Thread hook;
    private final CountDownLatch done = new CountDownLatch(1);

    private Interrupts(Runnable onSignal) {
        hook = new Thread(
                () -> {
                    onSignal.run();
                    try {
                        done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "interrupt");
    }

    static Interrupts handle(Runnable onSignal) {
        Interrupts interrupts = new Interrupts(onSignal);
        Runtime.getRuntime().addShutdownHook(interrupts.hook);
        return interrupts;
    }

    @Override
    public void close() {
        done.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already, and the hook has been let go.
        }
    }
}
