package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.DeadlineTimer;
import io.netty.channel.EventLoop;
import java.util.concurrent.ThreadLocalRandom;

/** Pings of our own, and the end of a connection that leaves one unanswered ({@code connection_keepalive}). */
final class H2Ping {
    private final H2Options.Keepalive config;
    private final Runnable send;
    private final DeadlineTimer interval;
    private final DeadlineTimer timeout;
    private boolean waiting;
    private long lastReceived = System.nanoTime();

    H2Ping(H2Options.Keepalive config, EventLoop loop, Runnable send, Runnable timedOut) {
        this.config = config;
        this.send = send;
        this.interval = new DeadlineTimer(loop, this::due);
        this.timeout = new DeadlineTimer(loop, timedOut);
        schedule();
    }

    private void schedule() {
        long nanos = config.intervalNanos();
        if (nanos > 0) {
            long jitter = (long) (nanos * (config.jitterPercent() / 100));
            interval.set(
                    System.nanoTime(),
                    nanos + (jitter > 0 ? ThreadLocalRandom.current().nextLong(jitter) : 0));
        }
    }

    private void due() {
        ping();
        schedule();
    }

    private void ping() {
        send.run();
        if (!waiting) {
            waiting = true;
            timeout.set(System.nanoTime(), config.timeoutNanos());
        }
    }

    /** Bytes came: the peer lives, whatever they are. */
    void received() {
        lastReceived = System.nanoTime();
        if (waiting) {
            waiting = false;
            timeout.clear();
        }
    }

    void beforeRequest() {
        if (config.idleIntervalNanos() > 0
                && !waiting
                && System.nanoTime() - lastReceived > config.idleIntervalNanos()) {
            ping();
        }
    }

    void close() {
        interval.close();
        timeout.close();
    }
}
