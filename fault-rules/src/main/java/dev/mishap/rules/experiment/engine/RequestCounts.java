package dev.mishap.rules.experiment.engine;

import java.util.OptionalDouble;

/**
 * Requests that ended, counted by outcome and latency; cumulative as an observer reports them, or the difference of two such readings.
 *
 * @param requests all of them
 * @param successes not answered with 5xx and not reset (gRPC: status OK)
 * @param failures the others, resets included
 * @param resets those whose response was reset
 * @param latency of all of them
 */
public record RequestCounts(long requests, long successes, long failures, long resets, LatencyHistogram latency) {
    /** Nothing counted. */
    public static final RequestCounts NONE = new RequestCounts(0, 0, 0, 0, LatencyHistogram.EMPTY);

    /** The sum, as for several proxies in front of one service. */
    public RequestCounts plus(RequestCounts other) {
        return new RequestCounts(
                requests + other.requests,
                successes + other.successes,
                failures + other.failures,
                resets + other.resets,
                latency.plus(other.latency));
    }

    /** What was counted since {@code earlier}, a former reading of the same counts. */
    public RequestCounts minus(RequestCounts earlier) {
        return new RequestCounts(
                requests - earlier.requests,
                successes - earlier.successes,
                failures - earlier.failures,
                resets - earlier.resets,
                latency.minus(earlier.latency));
    }

    /** Successes per request, 0..1; empty without requests. */
    public OptionalDouble successRate() {
        return requests <= 0 ? OptionalDouble.empty() : OptionalDouble.of((double) successes / requests);
    }
}
