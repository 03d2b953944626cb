package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What filters on the way upstream see of one try: the request and its facts are the downstream stream's, the response is that of the
 * try.
 */
final class AttemptStream implements HttpStream {
    private final HttpStream downstream;
    private final UpstreamFilters filters;
    private @Nullable HeaderMap response;
    private @Nullable HeaderMap responseTrailers;

    AttemptStream(HttpStream downstream, UpstreamFilters filters) {
        this.downstream = downstream;
        this.filters = filters;
    }

    void response(HeaderMap headers) {
        response = headers;
    }

    void responseTrailers(HeaderMap trailers) {
        responseTrailers = trailers;
    }

    @Override
    public EventLoop loop() {
        return downstream.loop();
    }

    @Override
    public int bufferLimit() {
        return downstream.bufferLimit();
    }

    @Override
    public long nanoTime() {
        return downstream.nanoTime();
    }

    @Override
    public ByteBufAllocator alloc() {
        return downstream.alloc();
    }

    @Override
    public StreamInfo info() {
        return downstream.info();
    }

    @Override
    public RuntimeSnapshot runtime() {
        return downstream.runtime();
    }

    @Override
    public HeaderMap requestHeaders() {
        return downstream.requestHeaders();
    }

    @Override
    public @Nullable HeaderMap requestTrailers() {
        return downstream.requestTrailers();
    }

    @Override
    public @Nullable HeaderMap responseHeaders() {
        return response;
    }

    @Override
    public @Nullable HeaderMap responseTrailers() {
        return responseTrailers;
    }

    @Override
    public boolean isGrpcRequest() {
        return downstream.isGrpcRequest();
    }

    @Override
    public @Nullable SelectedRoute route() {
        return downstream.route();
    }

    /** The route was chosen long ago. */
    @Override
    public void clearRouteCache() {}

    @Override
    public @Nullable Object perFilterConfig(String filterName) {
        return downstream.perFilterConfig(filterName);
    }

    @Override
    public List<Object> perFilterConfigs(String filterName) {
        return downstream.perFilterConfigs(filterName);
    }

    @Override
    public <K, T> T connectionState(K key, Function<K, T> make) {
        return downstream.connectionState(key, make);
    }

    @Override
    public void raiseRequestBufferLimit(int bytes) {
        filters.chain().raiseRequestLimit(bytes);
    }

    @Override
    public void resumeRequest(HttpFilter filter) {
        filters.chain().resumeRequest(filter);
    }

    @Override
    public void resumeResponse(HttpFilter filter) {
        filters.chain().resumeResponse(filter);
    }

    @Override
    public void injectRequestData(HttpFilter filter, ByteBuf transferred, boolean endStream) {
        filters.chain().injectRequest(filter, transferred, endStream);
    }

    @Override
    public void injectResponseData(HttpFilter filter, ByteBuf transferred, boolean endStream) {
        filters.chain().injectResponse(filter, transferred, endStream);
    }

    @Override
    public void injectResponseTrailers(HttpFilter filter, HeaderMap trailers) {
        responseTrailers = trailers;
        filters.chain().injectResponseTrailers(filter, trailers);
    }

    @Override
    public void sendLocalReply(LocalReply reply) {
        filters.answer(reply);
    }

    @Override
    public void sendHeaders(int status, String details, LocalReply.HeaderEdit headers) {
        filters.answer(status, details, headers);
    }

    @Override
    public void closeAfterResponse() {
        downstream.closeAfterResponse();
    }

    @Override
    public void resetDownstream(String details) {
        downstream.resetDownstream(details);
    }

    @Override
    public void resetDownstream(String details, int code, boolean wholeConnection) {
        downstream.resetDownstream(details, code, wholeConnection);
    }

    @Override
    public void pauseRequestReads() {
        downstream.pauseRequestReads();
    }

    @Override
    public void resumeRequestReads() {
        downstream.resumeRequestReads();
    }

    @Override
    public void pauseResponseReads() {
        filters.pauseReads();
    }

    @Override
    public void resumeResponseReads() {
        filters.resumeReads();
    }

    // ---- what only the end of a chain does, which is the router ----

    @Override
    public void setDeadline(Runnable action, long nanos) {
        throw notTheRouter();
    }

    @Override
    public void clearDeadline() {
        throw notTheRouter();
    }

    @Override
    public void encodeInformational(HeaderMap headers) {
        throw notTheRouter();
    }

    @Override
    public void restart(HeaderMap redirect, @Nullable ByteBuf transferredBody) {
        throw notTheRouter();
    }

    @Override
    public void encodeHeaders(HeaderMap headers, boolean endStream) {
        throw notTheRouter();
    }

    @Override
    public void encodeData(ByteBuf transferred, boolean endStream) {
        throw notTheRouter();
    }

    @Override
    public void encodeTrailers(HeaderMap trailers) {
        throw notTheRouter();
    }

    @Override
    public void abortResponse(String details) {
        throw notTheRouter();
    }

    @Override
    public void responseWatermark(@Nullable WatermarkListener listener) {
        throw notTheRouter();
    }

    private static IllegalStateException notTheRouter() {
        return new IllegalStateException("a filter on the way upstream does what only the router may");
    }
}
