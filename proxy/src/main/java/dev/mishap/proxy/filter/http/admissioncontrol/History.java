package dev.mishap.proxy.filter.http.admissioncontrol;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * How the requests of one loop went within the sampling window, second by second. Confined to the loop; times are nanoseconds of its
 * clock.
 */
final class History {
    private static final long SECOND = 1_000_000_000L;

    /** What began within one second from {@code since}. */
    private static final class Sample {
        private final long since;
        private long requests;
        private long successes;

        Sample(long since) {
            this.since = since;
        }
    }

    private final long windowNanos;
    private final ArrayDeque<Sample> samples = new ArrayDeque<>();
    private long requests;
    private long successes;

    /** @param windowSeconds at least 1 */
    History(long windowSeconds) {
        this.windowNanos = TimeUnit.SECONDS.toNanos(windowSeconds);
    }

    void record(boolean success, long now) {
        Sample newest = roll(now);
        newest.requests++;
        requests++;
        if (success) {
            newest.successes++;
            successes++;
        }
    }

    /** Requests a second, over the window; whole ones. What is too old is in it until the next that is recorded or asked for. */
    long averageRps(long now) {
        if (requests == 0) {
            return 0;
        }
        return requests / (Math.max(windowNanos, now - samples.getFirst().since) / SECOND);
    }

    /** Lets go of what is too old. */
    void update(long now) {
        roll(now);
    }

    long requests() {
        return requests;
    }

    long successes() {
        return successes;
    }

    private Sample roll(long now) {
        Sample oldest = samples.peekFirst();
        while (oldest != null && now - oldest.since >= windowNanos) {
            requests -= oldest.requests;
            successes -= oldest.successes;
            samples.removeFirst();
            oldest = samples.peekFirst();
        }
        Sample newest = samples.peekLast();
        if (newest == null || now - newest.since >= SECOND) {
            newest = new Sample(now);
            samples.addLast(newest);
        }
        return newest;
    }
}
