package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/** Where spans go to: what a provider is to the rest of tracing. Called on any loop. */
interface Tracer {
    /**
     * Starts the span of a downstream request.
     *
     * @param request whose headers tell the span that it is part of
     * @param name of the span
     * @param sampled what was decided here; the request's headers may know better
     * @param outbound whether this proxy is the client's
     * @return null when the request's headers make no sense
     */
    @Nullable
    Span start(HeaderMap request, EventLoop loop, String name, boolean sampled, boolean outbound, long epochNanos);
}
