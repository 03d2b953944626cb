package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import org.jspecify.annotations.Nullable;

/** Writes a line for a request that is over. Called once a request on its event loop; never blocks, never throws. */
@FunctionalInterface
public interface AccessLog {
    /** Logs nothing. */
    AccessLog NONE = (info, request, response, trailers) -> {};

    void log(StreamInfo info, HeaderMap request, @Nullable HeaderMap response, @Nullable HeaderMap trailers);
}
