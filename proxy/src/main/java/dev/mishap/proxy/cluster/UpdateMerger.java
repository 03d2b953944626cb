package dev.mishap.proxy.cluster;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Decides when requests see a change of endpoints: at once when somebody came or went; else at most once per
 * {@code update_merge_window}, so that a storm of health changes does not rebuild every worker's load balancer each time.
 * Confined to the main loop.
 */
final class UpdateMerger {
    private final Cluster cluster;
    private final @Nullable EventLoop loop;
    private final long windowNanos;
    private final Counter updated;
    private final Counter merged;
    private final Counter cancelled;
    private final Counter outOfWindow;
    private @Nullable Future<?> timer;
    private boolean inUse;
    private boolean delivered;
    private long lastNanos;

    UpdateMerger(Cluster cluster, ClusterContext context) {
        this.cluster = cluster;
        this.loop = context.loop();
        this.windowNanos = loop == null ? 0 : cluster.config().common().mergeWindowNanos();
        Scope scope = context.root().scope("cluster_manager.");
        updated = scope.counter("cluster_updated");
        merged = scope.counter("cluster_updated_via_merge");
        cancelled = scope.counter("update_merge_cancelled");
        outOfWindow = scope.counter("update_out_of_merge_window");
    }

    private static long now(EventLoop loop) {
        return loop.ticker().nanoTime();
    }

    /** Something changed; {@code mergeable} = nobody came or went. Before the cluster is in use all acts at once, uncounted. */
    void changed(boolean mergeable) {
        EventLoop l = loop;
        if (!inUse) {
            cluster.publish();
            return;
        }
        if (windowNanos > 0 && l != null) {
            boolean late = !delivered || now(l) - lastNanos > windowNanos;
            if (mergeable && !late) {
                if (timer == null) {
                    timer = l.schedule(this::deliverMerged, windowNanos, TimeUnit.NANOSECONDS);
                }
                return;
            }
            if (mergeable) {
                outOfWindow.inc();
            }
            if (stop()) {
                cancelled.inc();
            }
            delivered = true;
            lastNanos = now(l);
        }
        updated.inc();
        cluster.publish();
    }

    private void deliverMerged() {
        EventLoop l = loop;
        timer = null;
        merged.inc();
        if (l != null) {
            lastNanos = now(l);
        }
        cluster.publish();
    }

    /** Takes a scheduled delivery back; whether there was one. */
    boolean stop() {
        Future<?> t = timer;
        timer = null;
        return t != null && t.cancel(false);
    }

    /** Requests may come: from now on changes are merged. */
    void inUse() {
        inUse = true;
    }
}
