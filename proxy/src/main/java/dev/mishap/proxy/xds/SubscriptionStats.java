package dev.mishap.proxy.xds;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.rules.XxHash64;

/** What is counted of one subscription: {@code update_*}, {@code version} and the like below the subscriber's prefix. */
public final class SubscriptionStats {
    private final Scope scope;
    private final Counter attempt;
    private final Counter success;
    private final Counter failure;
    private final Counter rejected;
    private final Counter initFetchTimeout;
    private final Gauge version;
    private final Gauge updateTime;
    private final Histogram duration;

    public SubscriptionStats(Scope scope) {
        this.scope = scope;
        attempt = scope.counter("update_attempt");
        success = scope.counter("update_success");
        failure = scope.counter("update_failure");
        rejected = scope.counter("update_rejected");
        initFetchTimeout = scope.counter("init_fetch_timeout");
        version = scope.gauge("version");
        updateTime = scope.gauge("update_time");
        duration = scope.histogram("update_duration", Histogram.Unit.MILLISECONDS);
    }

    /** The subscriber's prefix. */
    public Scope scope() {
        return scope;
    }

    public void attempt() {
        attempt.inc();
    }

    /** An update was accepted. */
    public void accepted(String versionText, long tookNanos) {
        success.inc();
        updateTime.set(System.currentTimeMillis());
        version.set(versionNumber(versionText));
        duration.record(tookNanos / 1_000_000);
    }

    public void rejected() {
        rejected.inc();
    }

    public void failed() {
        failure.inc();
    }

    public void initFetchTimedOut() {
        initFetchTimeout.inc();
    }

    /** A version as a number: xxHash64 of the text. */
    static long versionNumber(String text) {
        return XxHash64.ofText(text);
    }
}
