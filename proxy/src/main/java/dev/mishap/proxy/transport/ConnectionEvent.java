package dev.mishap.proxy.transport;

/** What is told to a connection's handlers from outside, as a user event of its pipeline. */
public enum ConnectionEvent {
    /** End as soon as the request under way, if there is one, is answered. */
    DRAIN
}
