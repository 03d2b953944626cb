package dev.mishap.proxy.server;

import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.listener.Listener;
import dev.mishap.proxy.listener.ListenerManager;
import io.netty.channel.EventLoop;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the process ends, and who waits for that; and how listeners are drained before it. */
final class Shutdown {
    private static final Logger LOG = LoggerFactory.getLogger("main");

    /** Requests under way may take this long to end after SIGTERM. */
    static final long MAX_DRAIN_SECONDS = 10;

    private final EventLoop main;
    private final ListenerManager listeners;
    private final DrainState drain;
    private final Startup startup;
    private final long drainSeconds;
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile int exitCode;
    private volatile boolean begun;

    /** @param drainSeconds that listeners and connections are given by {@code --drain-time-s} */
    Shutdown(EventLoop main, ListenerManager listeners, DrainState drain, Startup startup, long drainSeconds) {
        this.main = main;
        this.listeners = listeners;
        this.drain = drain;
        this.startup = startup;
        this.drainSeconds = drainSeconds;
    }

    /** Whether the process is to end. */
    boolean begun() {
        return begun;
    }

    /** A signal came: the first has the process drain, the second ends it. */
    void signalled(String name) {
        if (begun) {
            LOG.warn("caught {} again, ending at once", name);
            end(0);
            return;
        }
        LOG.warn("caught {}", name);
        begin();
    }

    /** Closes listeners and idle connections, and ends the process when the others have ended; returns at once. */
    void begin() {
        synchronized (over) {
            if (begun) {
                return;
            }
            begun = true;
        }
        startup.abandon();
        drain.draining(true);
        for (Listener l : listeners.all()) {
            l.close();
            l.endConnections();
        }
        long seconds = Math.min(MAX_DRAIN_SECONDS, drainSeconds);
        waitForConnections(System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
    }

    private void waitForConnections(long deadline) {
        if (listeners.connections() == 0 || System.nanoTime() - deadline >= 0) {
            main.execute(() -> end(0));
        } else {
            main.schedule(() -> waitForConnections(deadline), 10, TimeUnit.MILLISECONDS);
        }
    }

    /**
     * {@code POST /drain_listeners}. Connections go on and are told to close; with {@code graceful} the listeners go on, too,
     * for the drain time, and with {@code skipExit} for ever.
     *
     * @param inboundOnly only listeners whose traffic_direction is INBOUND; connections of others aren't told to close
     */
    void drainListeners(boolean graceful, boolean skipExit, boolean inboundOnly) {
        if (!inboundOnly) {
            drain.draining(true);
        }
        if (!graceful) {
            main.execute(() -> listeners.stop(inboundOnly));
        } else if (!skipExit) {
            main.schedule(() -> listeners.stop(inboundOnly), drainSeconds, TimeUnit.SECONDS);
        }
    }

    private void end(int code) {
        exitCode = code;
        over.countDown();
    }

    /** Waits until the process is to end; its exit code. */
    int await() {
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return exitCode;
    }

    /** Waits, but not for ever; whether the process is to end. */
    boolean await(long time, TimeUnit unit) {
        try {
            return over.await(time, unit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }
}
