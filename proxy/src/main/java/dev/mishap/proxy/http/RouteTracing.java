package dev.mishap.proxy.http;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a route says of tracing; what it leaves out is the connection manager's.
 *
 * @param operation of {@code decorator}, {@code ""} = none
 * @param propagate whether {@code operation} is told to the peer
 * @param client share of requests that a client forces, {@link #random} that are drawn, {@link #overall} after all
 */
public record RouteTracing(
        String operation,
        boolean propagate,
        @Nullable Fraction client,
        @Nullable Fraction random,
        @Nullable Fraction overall,
        List<SpanTag> tags) {
    /** A route that says nothing. */
    public static final RouteTracing NONE = new RouteTracing("", true, null, null, null, List.of());

    public RouteTracing {
        tags = List.copyOf(tags);
    }

    /** A share of requests; {@code denominator} is what a draw is taken modulo of. */
    public record Fraction(long numerator, long denominator) {}
}
