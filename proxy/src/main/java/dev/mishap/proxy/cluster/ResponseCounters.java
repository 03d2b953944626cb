package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** {@code upstream_rq_completed}, {@code upstream_rq_5xx}, {@code upstream_rq_503} … under one prefix; made when first counted. */
public final class ResponseCounters {
    private static final int CODES = 600;

    private final Scope scope;
    private final AtomicReferenceArray<Counter> codes = new AtomicReferenceArray<>(CODES + 6);
    private volatile @Nullable Counter completed;
    private volatile @Nullable Histogram time;

    public ResponseCounters(Scope scope) {
        this.scope = scope;
    }

    /** Counts one response, and not its code. */
    public void countCompleted() {
        Counter all = completed;
        if (all == null) {
            all = scope.counter("upstream_rq_completed");
            completed = all;
        }
        all.inc();
    }

    /** Counts one response. */
    public void count(int status) {
        countCompleted();
        int group = status / 100;
        if (group >= 1 && group <= 5) {
            counter(CODES + group, status).inc();
            counter(status, status).inc();
        } else {
            scope.counter("upstream_rq_unknown").inc();
        }
    }

    private Counter counter(int index, int status) {
        Counter c = codes.get(index);
        if (c == null) {
            // Two loops may ask at once; the scope answers both with the same counter.
            c = scope.counter(index >= CODES ? "upstream_rq_" + status / 100 + "xx" : "upstream_rq_" + status);
            codes.set(index, c);
        }
        return c;
    }

    /** Records how long a response took, in milliseconds. */
    public void time(long millis) {
        Histogram h = time;
        if (h == null) {
            h = scope.histogram("upstream_rq_time", Histogram.Unit.MILLISECONDS);
            time = h;
        }
        h.record(millis);
    }
}
