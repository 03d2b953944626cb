package dev.mishap.proxy.http;

import java.util.concurrent.atomic.AtomicLong;

/** Numbers of streams in logs, unique in the process. */
public final class StreamIds {
    private static final AtomicLong LAST = new AtomicLong();

    private StreamIds() {}

    public static long next() {
        return LAST.incrementAndGet();
    }
}
