package dev.mishap.rules.experiment.engine;

import java.util.OptionalDouble;

/**
 * Requests that ended, counted by outcome and latency; cumulative as an observer reports them, or the difference of two such readings. And
 * those that have not ended, which are a matter of a moment: the difference of two readings has those of the later one.
 *
 * @param requests all of them
 * @param successes not answered with 5xx and not reset (gRPC: status OK)
 * @param failures the others, resets included
 * @param resets those whose response was reset
 * @param latency of all that were not reset
 * @param inFlight those that have begun and not ended; not among {@code requests}
 */
public record RequestCounts(
        long requests, long successes, long failures, long resets, LatencyHistogram latency, long inFlight) {
    /** Nothing counted. */
    public static final RequestCounts NONE = new RequestCounts(0, 0, 0, 0, LatencyHistogram.EMPTY, 0);

    /** The sum, as for several proxies in front of one service. */
    public RequestCounts plus(RequestCounts other) {
        return new RequestCounts(
                requests + other.requests,
                successes + other.successes,
                failures + other.failures,
                resets + other.resets,
                latency.plus(other.latency),
                inFlight + other.inFlight);
    }

    /** What was counted since {@code earlier}, a former reading of the same counts. */
    public RequestCounts minus(RequestCounts earlier) {
        return new RequestCounts(
                requests - earlier.requests,
                successes - earlier.successes,
                failures - earlier.failures,
                resets - earlier.resets,
                latency.minus(earlier.latency),
                inFlight);
    }

    /** How many have begun, of cumulative counts. */
    long begun() {
        return requests + inFlight;
    }

    /** Without some of those that ended and certainly took longer than {@code micros}. */
    RequestCounts withoutLate(long count, double micros) {
        long gone = Math.min(count, latency.certainlyAbove(micros));
        return gone <= 0
                ? this
                : new RequestCounts(requests - gone, successes, failures, resets, latency.withoutLast(gone), inFlight);
    }

    /** With some that have not ended, but are known to take longer than {@code micros}: of use where only latency is looked at. */
    RequestCounts withUnanswered(long count, double micros) {
        return count <= 0
                ? this
                : new RequestCounts(
                        requests + count, successes, failures, resets, latency.with(count, micros), inFlight);
    }

    /** Successes per request, 0..1; empty without requests. */
    public OptionalDouble successRate() {
        return requests <= 0 ? OptionalDouble.empty() : OptionalDouble.of((double) successes / requests);
    }
}
