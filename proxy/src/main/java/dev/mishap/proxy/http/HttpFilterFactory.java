package dev.mishap.proxy.http;

/** A filter of a chain with its configuration parsed: makes one {@link HttpFilter} a stream. Immutable. */
@FunctionalInterface
public interface HttpFilterFactory extends InService {
    HttpFilter create();

    /** Whether the filter takes the request for a health check of this process. */
    default boolean isProbe(HeaderMap request) {
        return false;
    }
}
