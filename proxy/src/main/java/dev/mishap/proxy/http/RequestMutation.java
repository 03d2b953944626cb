package dev.mishap.proxy.http;

/** A change of a request's headers that does not depend on what the connection manager makes of them. */
public interface RequestMutation {
    void apply(HeaderMap headers, HttpStream stream);
}
