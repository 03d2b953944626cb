package dev.mishap.proxy.http;

/** What a filter tells the chain after it has seen headers, data or trailers. */
public enum Flow {
    /** Go on with the next filter. */
    CONTINUE,
    /**
     * Stop here; whatever follows is buffered by the stream (bounded, with back-pressure on the sender) until the filter
     * calls {@link HttpStream#resumeRequest} or {@link HttpStream#resumeResponse}, or answers by a local reply.
     */
    PAUSE
}
