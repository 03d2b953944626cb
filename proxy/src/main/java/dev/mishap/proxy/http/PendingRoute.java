package dev.mishap.proxy.http;

/** Something that is fetched for a request, whose stream may end before it is there. */
@FunctionalInterface
public interface PendingRoute {
    /** Nobody waits any more. On the stream's loop. */
    void cancel();
}
