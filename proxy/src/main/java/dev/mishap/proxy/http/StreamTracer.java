package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/** Starts the spans of a connection manager's requests. Called on the loop of the stream. */
@FunctionalInterface
public interface StreamTracer {
    /**
     * Decides about a request whose route is known and that no filter has seen, counts the decision, and starts its span. May
     * change the request's headers: the request id tells the decision to those behind us.
     *
     * @return the span, also of a request that is not sampled, for the decision is to be passed on; null for none
     */
    @Nullable
    StreamSpan start(HttpStream stream);
}
