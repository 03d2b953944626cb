package dev.mishap.proxy.http;

/** What a filter tells the chain after it has seen headers, data or trailers. */
public enum Flow {
    /** Go on with the next filter. */
    CONTINUE,
    /**
     * Only for data: the filter took the bytes (it called {@code retain} on the buffer, or copied them) and sends them on
     * itself by {@link HttpStream#injectRequestData} or {@link HttpStream#injectResponseData}, where it also tells the end of
     * the stream. Data that follow are shown to the filter again; trailers, too, which it holds back by {@link #PAUSE} until it
     * has sent its bytes.
     */
    TAKEN,
    /**
     * Stop here; this and whatever follows is buffered by the stream (bounded, with back-pressure on the sender) until the filter
     * calls {@link HttpStream#resumeRequest} or {@link HttpStream#resumeResponse}, or answers by a local reply.
     */
    PAUSE,
    /**
     * Only for headers: they go no further for now, but the data and trailers that follow come to this filter. It answers
     * {@link #PAUSE} for what the stream is to keep behind the headers, {@link #TAKEN} for what it keeps itself, and {@link
     * #CONTINUE} (or calls {@link HttpStream#resumeRequest}) to let the headers go on with all that was kept after them. Trailers that
     * it answered by {@link #TAKEN} are shown to it once more when the headers went on.
     */
    HOLD
}
