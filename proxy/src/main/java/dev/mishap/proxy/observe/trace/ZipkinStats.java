package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code tracing.zipkin.*}. */
final class ZipkinStats {
    final Counter spansSent;
    final Counter timerFlushed;
    final Counter skippedNoCluster;
    final Counter reportsSent;
    final Counter reportsDropped;
    final Counter reportsFailed;

    ZipkinStats(Scope scope) {
        spansSent = scope.counter("spans_sent");
        timerFlushed = scope.counter("timer_flushed");
        skippedNoCluster = scope.counter("reports_skipped_no_cluster");
        reportsSent = scope.counter("reports_sent");
        reportsDropped = scope.counter("reports_dropped");
        reportsFailed = scope.counter("reports_failed");
    }
}
