package dev.mishap.proxy.filter.listener;

/** A listener filter with its configuration parsed. Immutable. */
@FunctionalInterface
public interface ListenerFilterFactory {
    /** The filter of a new connection; one without state may be shared by all. */
    ListenerFilter create();
}
