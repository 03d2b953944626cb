package dev.mishap.proxy.http;

/** Writes a line about a stream that has ended. Called once a stream on its event loop; must not block. */
@FunctionalInterface
public interface AccessLog {
    void log(HttpStream stream);
}
