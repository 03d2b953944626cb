package dev.mishap.proxy.http;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code http1.*}: what the HTTP/1 codec did to downstream requests, of all listeners together. */
public final class CodecStats {
    public final Counter droppedForUnderscore;
    public final Counter rejectedForUnderscore;

    public CodecStats(Scope root) {
        Scope scope = root.scope("http1.");
        droppedForUnderscore = scope.counter("dropped_headers_with_underscores");
        rejectedForUnderscore = scope.counter("requests_rejected_with_underscores_in_headers");
        // Envoy shows these; METADATA frames and queues of responses are not HTTP/1's.
        scope.counter("metadata_not_supported_error");
        scope.counter("response_flood");
    }
}
