package dev.mishap.proxy.cluster;

import dev.mishap.proxy.http.HeaderMap;

/** Is told of the answers of endpoints, in which they may say how busy they are. Called on any loop. */
@FunctionalInterface
public interface LoadListener {
    /** @param headers of the answer, or its trailers */
    void answered(Endpoint endpoint, HeaderMap headers, long nowNanos);
}
