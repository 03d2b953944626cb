package dev.mishap.proxy.cluster.health;

/** What one result did to the health of an endpoint. */
enum Transition {
    NONE,
    CHANGED,
    /** More of the same is needed. */
    PENDING
}
