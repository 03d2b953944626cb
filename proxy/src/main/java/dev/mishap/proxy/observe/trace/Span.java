package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import org.jspecify.annotations.Nullable;

/** A span under way, in whatever form its tracer reports it. Confined to its loop. */
interface Span {
    String traceId();

    /** Null when the tracer does not tell it to logs. */
    @Nullable
    String spanId();

    boolean sampled();

    void name(String name);

    void tag(String key, String value);

    /** Something that happened at {@code epochNanos}. */
    void event(long epochNanos, String name);

    /** Writes the propagation headers. */
    void inject(HeaderMap request);

    /** A span within this one, of a request that goes out. */
    Span child(String name, long epochNanos);

    /** Ends the span and reports it if it is sampled. */
    void finish(long epochNanos);
}
