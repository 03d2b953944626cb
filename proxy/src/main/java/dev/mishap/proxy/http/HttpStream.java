package dev.mishap.proxy.http;

import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One downstream request and its response, as filters and the router see them; the same for HTTP/1 and HTTP/2. Confined to
 * {@link #loop()}.
 */
public interface HttpStream {
    EventLoop loop();

    /** Bytes of a body that may be held for this stream: the listener's {@code per_connection_buffer_limit_bytes}. */
    default int bufferLimit() {
        return 1 << 20;
    }

    /** The clock of {@link #loop()}, which its timers go by; as {@link System#nanoTime}. */
    default long nanoTime() {
        return loop() instanceof AbstractScheduledEventExecutor executor
                ? executor.ticker().nanoTime()
                : System.nanoTime();
    }

    /**
     * Runs {@code action} on the loop when {@code nanos} have passed, unless another is set, this one is cleared, or the stream ends
     * before. There is one a stream, and it is the terminal filter's: a timer that nearly every request sets and none lets expire.
     */
    void setDeadline(Runnable action, long nanos);

    void clearDeadline();

    ByteBufAllocator alloc();

    StreamInfo info();

    /** The runtime values pinned when the request arrived. */
    RuntimeSnapshot runtime();

    HeaderMap requestHeaders();

    @Nullable
    HeaderMap requestTrailers();

    /** The response's headers once they were sent into the chain, else null. */
    @Nullable
    HeaderMap responseHeaders();

    @Nullable
    HeaderMap responseTrailers();

    /** Whether the request came to the filters, and was not refused before. */
    default boolean accepted() {
        return true;
    }

    /** Whether the request is gRPC: content-type application/grpc or application/grpc+anything. */
    boolean isGrpcRequest();

    /** The route chosen for the request, matched on first call and pinned; null when none matches. */
    @Nullable
    SelectedRoute route();

    /** Forgets the pinned route, so that the next {@link #route()} matches the headers as they are then. */
    void clearRouteCache();

    /**
     * Fetches what there is no {@link #route} for want of.
     *
     * @param done runs on {@link #loop()}, later than this returns, when there is more to know or nothing more will be; the caller then
     *     clears the route cache
     * @return the wait, to be ended with the stream; null when there is nothing to fetch
     */
    default @Nullable PendingRoute fetchRoute(Runnable done) {
        return null;
    }

    /** The most specific {@code typed_per_filter_config} for the filter of that name in the chain, or null. */
    @Nullable
    Object perFilterConfig(String filterName);

    /**
     * The {@code typed_per_filter_config} of all levels for the filter of that name, the most specific first; for filters that
     * add them up.
     */
    default List<Object> perFilterConfigs(String filterName) {
        SelectedRoute route = route();
        return route == null ? List.of() : route.perFilterConfigs(filterName);
    }

    /** What belongs to the downstream connection under {@code key}, which is compared by identity; made when first asked for. */
    <K, T> T connectionState(K key, Function<K, T> make);

    /** Lets the chain keep {@code bytes} of the request's body before its sender is made to wait, if that is more than now. */
    default void raiseRequestBufferLimit(int bytes) {}

    /** Goes on after {@code filter} returned PAUSE on the request's way. */
    void resumeRequest(HttpFilter filter);

    /** Goes on after {@code filter} returned PAUSE on the response's way. */
    void resumeResponse(HttpFilter filter);

    /** Sends {@code transferred} to the filters after {@code filter} on the request's way. */
    void injectRequestData(HttpFilter filter, ByteBuf transferred, boolean endStream);

    /** Sends {@code transferred} to the filters after {@code filter} on the response's way. */
    void injectResponseData(HttpFilter filter, ByteBuf transferred, boolean endStream);

    /** Ends a response that had no trailers with {@code trailers}, for the filters after {@code filter} on the response's way. */
    void injectResponseTrailers(HttpFilter filter, HeaderMap trailers);

    /** Answers the request here; the request goes no further. Without effect once a response has begun, which is cut instead. */
    void sendLocalReply(LocalReply reply);

    /**
     * Sends {@code reply} in the place of the response whose headers a filter is looking at; no filter sees it, and what follows of
     * that response is dropped.
     */
    default void replaceResponse(LocalReply reply) {
        sendLocalReply(reply);
    }

    /**
     * Answers with headers alone, which go through the filters of the response as they are: neither the route nor {@code
     * local_reply_config} edits them, and gRPC's clients get them too.
     */
    void sendHeaders(int status, String details, LocalReply.HeaderEdit headers);

    /** Ends an HTTP/1 connection with this response, since what follows on it is not to be read. */
    default void closeAfterResponse() {}

    /** Breaks the downstream connection with a TCP RST (HTTP/1) or the stream with RST_STREAM (HTTP/2). */
    void resetDownstream(String details);

    /**
     * Delivers what was written of the response and then breaks the connection with a TCP RST (HTTP/1), or the stream with RST_STREAM
     * and {@code code}, or all of the connection with GOAWAY and {@code code} (HTTP/2).
     */
    default void resetDownstream(String details, int code, boolean wholeConnection) {
        resetDownstream(details);
    }

    // ---- the terminal filter's side: the response enters the chain here ----

    void encodeInformational(HeaderMap headers);

    /**
     * Ends this pass of the request through the filters, with {@code response} for the log only, and starts another one with the
     * request's headers as they are now. Nothing is told to the client in between.
     *
     * @param transferredBody the request's body, which the stream takes over; null = none
     */
    void restart(HeaderMap response, @Nullable ByteBuf transferredBody);

    /**
     * The response's headers; the map stays the caller's until {@link HttpFilter#onStreamEnd}. The stream applies the route's
     * edits ({@link SelectedRoute#finalizeResponseHeaders}) before the filters see them, as it does for local replies.
     */
    void encodeHeaders(HeaderMap headers, boolean endStream);

    void encodeData(ByteBuf transferred, boolean endStream);

    void encodeTrailers(HeaderMap trailers);

    /** The upstream broke after the response had begun: cut the downstream stream. */
    void abortResponse(String details);

    // ---- back-pressure: both are counted, several parties may ask ----

    void pauseRequestReads();

    void resumeRequestReads();

    /** Asks the terminal filter (by its watermark listener) to stop reading the response, until {@link #resumeResponseReads}. */
    void pauseResponseReads();

    void resumeResponseReads();

    /** Who writes the response is told when the downstream can't take more; at most one listener, the terminal filter. */
    void responseWatermark(@Nullable WatermarkListener listener);

    /** Told on the stream's loop when a buffer passes its high mark or falls back under its low mark. */
    interface WatermarkListener {
        void aboveHighWatermark();

        void belowLowWatermark();
    }
}
