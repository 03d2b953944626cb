package dev.mishap.proxy.filter.network;

/** A filter that decides whether, when and how a connection reaches the end of its chain. Immutable. */
@FunctionalInterface
public non-sealed interface PassingFilterFactory extends NetworkFilterFactory {
    /** The filter of a new connection; one without state may be shared by all. */
    NetworkFilter create();
}
