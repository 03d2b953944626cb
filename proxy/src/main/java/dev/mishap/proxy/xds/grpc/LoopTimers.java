package dev.mishap.proxy.xds.grpc;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Time of an event loop. */
public final class LoopTimers implements XdsTimers {
    private final EventLoop loop;

    public LoopTimers(EventLoop loop) {
        this.loop = loop;
    }

    @Override
    public Timer schedule(Runnable action, long delayNanos) {
        Future<?> future = loop.schedule(action, delayNanos, TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long random(long bound) {
        return ThreadLocalRandom.current().nextLong(bound);
    }
}
