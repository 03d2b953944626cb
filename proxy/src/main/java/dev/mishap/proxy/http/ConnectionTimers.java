package dev.mishap.proxy.http;

import dev.mishap.proxy.transport.Jitter;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The times of a downstream connection: how long it is without a request, how long it lives, how long it drains. What is not limited costs
 * nothing. Confined to its loop.
 */
public final class ConnectionTimers {
    /** Whose they are. */
    public interface Owner {
        /** It was without a request for {@code idle_timeout}. */
        void idle();

        /** It has lived for {@code max_connection_duration}. */
        void tooOld();

        /** It has drained for {@code drain_timeout}. */
        void drained();
    }

    private final EventLoop loop;
    private final ConnectionManagerConfig config;
    private final Owner owner;
    private final @Nullable DeadlineTimer idle;
    private @Nullable DeadlineTimer duration;
    private @Nullable DeadlineTimer drain;

    /** @param openedNanos when the connection was opened, by {@link System#nanoTime}: it is idle from then on */
    public ConnectionTimers(EventLoop loop, ConnectionManagerConfig config, long openedNanos, Owner owner) {
        this.loop = loop;
        this.config = config;
        this.owner = owner;
        idle = config.idleTimeoutNanos > 0 ? new DeadlineTimer(loop, owner::idle) : null;
        if (idle != null) {
            idle.set(openedNanos, config.idleTimeoutNanos);
        }
        if (config.maxConnectionDurationNanos > 0) {
            DeadlineTimer t = new DeadlineTimer(loop, owner::tooOld);
            duration = t;
            t.set(
                    openedNanos,
                    Jitter.lengthen(config.maxConnectionDurationNanos, config.maxConnectionDurationJitterPercent));
        }
    }

    /** There is no request any more. */
    public void unused() {
        DeadlineTimer t = idle;
        if (t != null) {
            t.set(System.nanoTime(), config.idleTimeoutNanos);
        }
    }

    /** There is a request. */
    public void used() {
        DeadlineTimer t = idle;
        if (t != null) {
            t.clear();
        }
    }

    /** The connection begins to drain. */
    public void drain() {
        DeadlineTimer t = new DeadlineTimer(loop, owner::drained);
        drain = t;
        t.set(System.nanoTime(), Jitter.lengthen(config.drainTimeoutNanos, config.drainTimeoutJitterPercent));
    }

    /** The connection is gone. */
    public void close() {
        close(idle);
        close(duration);
        close(drain);
    }

    private static void close(@Nullable DeadlineTimer timer) {
        if (timer != null) {
            timer.close();
        }
    }
}
