package dev.mishap.control.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Turns SIGINT and SIGTERM into a wish to end: the process stays until the work has been ended in order, at most 30 s. The JVM then exits
 * with the signal's own code, 130 after SIGINT.
 */
final class Interrupts implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 30;

    private final Thread hook = new Thread(this::signalled, "interrupt");
    private final CountDownLatch done = new CountDownLatch(1);
    private @Nullable Runnable onSignal;
    private boolean signalled;

    private Interrupts() {}

    static Interrupts handle() {
        Interrupts interrupts = new Interrupts();
        Runtime.getRuntime().addShutdownHook(interrupts.hook);
        return interrupts;
    }

    /** What ends the work; is run at once when the signal has been there before. */
    synchronized void onSignal(Runnable action) {
        onSignal = action;
        if (signalled) {
            action.run();
        }
    }

    private void signalled() {
        synchronized (this) {
            signalled = true;
            if (onSignal != null) {
                onSignal.run();
            }
        }
        try {
            done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The work has ended; a signal from now on ends the process at once. */
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
