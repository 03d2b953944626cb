package dev.mishap.proxy.http;

/**
 * A configuration that is told when it begins and when it ends to serve: it may be parsed and never serve, and be replaced while it is still
 * referred to. Called on the main loop, once each for each place that it serves in; a configuration that replaces another enters first.
 */
public interface InService {
    default void enter() {}

    default void leave() {}
}
