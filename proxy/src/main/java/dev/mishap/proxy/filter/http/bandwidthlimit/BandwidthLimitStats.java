package dev.mishap.proxy.filter.http.bandwidthlimit;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;

/** The stats {@code <stat_prefix>.http_bandwidth_limit.*}. */
final class BandwidthLimitStats {
    /** What is counted of one direction; sizes in bytes, durations in milliseconds. */
    static final class Direction {
        final Counter enabled;
        final Counter enforced;
        final Gauge pending;
        final Gauge incomingSize;
        final Gauge allowedSize;
        final Counter incomingTotalSize;
        final Counter allowedTotalSize;
        final Histogram transferDuration;

        private Direction(Scope scope, String name) {
            enabled = scope.counter(name + "_enabled");
            enforced = scope.counter(name + "_enforced");
            pending = scope.gauge(name + "_pending");
            incomingSize = scope.gauge(name + "_incoming_size");
            allowedSize = scope.gauge(name + "_allowed_size");
            incomingTotalSize = scope.counter(name + "_incoming_total_size");
            allowedTotalSize = scope.counter(name + "_allowed_total_size");
            transferDuration = scope.histogram(name + "_transfer_duration", Histogram.Unit.MILLISECONDS);
        }
    }

    final Direction request;
    final Direction response;

    BandwidthLimitStats(Scope scope) {
        request = new Direction(scope, "request");
        response = new Direction(scope, "response");
    }
}
