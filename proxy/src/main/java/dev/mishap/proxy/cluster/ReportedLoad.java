package dev.mishap.proxy.cluster;

/**
 * The weight that follows from what an endpoint last said of its load.
 *
 * @param sinceNanos since when it has said something without a long pause
 */
public record ReportedLoad(double weight, long sinceNanos, long lastNanos) {}
