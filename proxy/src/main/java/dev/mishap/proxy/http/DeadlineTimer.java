package dev.mishap.proxy.http;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A deadline that is moved far more often than it is reached: moving it later is a store, since the timer that is already armed
 * looks at the deadline when it fires and arms itself again. Never fires early. Confined to its event loop.
 */
public final class DeadlineTimer implements Runnable {
    private static final long NONE = Long.MAX_VALUE;

    private final EventLoop loop;
    private final Runnable action;
    private long deadline = NONE;
    private long armedFor;
    private @Nullable ScheduledFuture<?> armed;

    /** @param action run on the loop when a deadline has passed */
    public DeadlineTimer(EventLoop loop, Runnable action) {
        this.loop = loop;
        this.action = action;
    }

    /** Sets the deadline to {@code delayNanos} from {@code now} ({@link System#nanoTime}). */
    public void set(long now, long delayNanos) {
        long at = now + delayNanos;
        deadline = at == NONE ? at - 1 : at;
        if (armed != null) {
            if (armedFor - deadline <= 0) {
                return;
            }
            armed.cancel(false);
        }
        arm(now);
    }

    /** Forgets the deadline. */
    public void clear() {
        deadline = NONE;
    }

    /** Forgets the deadline and the timer behind it. */
    public void close() {
        deadline = NONE;
        if (armed != null) {
            armed.cancel(false);
            armed = null;
        }
    }

    private void arm(long now) {
        armedFor = deadline;
        armed = loop.schedule(this, Math.max(0, deadline - now), TimeUnit.NANOSECONDS);
    }

    @Override
    public void run() {
        armed = null;
        if (deadline == NONE) {
            return;
        }
        long now = System.nanoTime();
        if (now - deadline < 0) {
            arm(now);
        } else {
            deadline = NONE;
            action.run();
        }
    }
}
