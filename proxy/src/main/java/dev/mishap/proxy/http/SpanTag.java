package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/** A tag that a configuration adds to spans. Immutable. */
public interface SpanTag {
    String name();

    /** The value for a request that is over; null = no tag. */
    @Nullable
    String value(StreamInfo info, HeaderMap request);
}
