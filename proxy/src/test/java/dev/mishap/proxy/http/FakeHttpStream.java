package dev.mishap.proxy.http;

import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A stream for the test of one filter: what the filter does to it is recorded, its loop runs on a clock that stands still
 * until {@link #advanceMillis}.
 */
public final class FakeHttpStream implements HttpStream {
    public boolean accepted = true;
    public final MockTicker ticker = Ticker.newMockTicker();
    public final HeaderMap requestHeaders = new HeaderMap();
    public final Map<String, Object> runtimeValues = new HashMap<>();
    public final Map<String, Object> perFilterConfigs = new HashMap<>();
    /** One entry a call, for example {@code resumeRequest}, {@code reply 503}, {@code reset mishap_reset}. */
    public final List<String> events = new ArrayList<>();

    public final ByteBuf responseBody = Unpooled.buffer();
    public @Nullable SelectedRoute route;
    public @Nullable LocalReply reply;
    public @Nullable HeaderMap responseHeaders;
    public boolean responseEnded;
    public int responseReadsPaused;

    private final EmbeddedChannel channel;
    private final StreamInfo info = new StreamInfo();
    private @Nullable Future<?> deadline;

    /** A GET of {@code /} without a body. */
    public FakeHttpStream() {
        channel = EmbeddedChannel.builder().ticker(ticker).build();
        requestHeaders.add(HeaderName.METHOD, "GET");
        requestHeaders.add(HeaderName.PATH, "/");
        requestHeaders.add(HeaderName.AUTHORITY, "test");
        requestHeaders.add(HeaderName.SCHEME, "http");
    }

    /** Adds request headers, given as names and values in turn. */
    public FakeHttpStream header(String... namesAndValues) {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            requestHeaders.add(HeaderName.of(namesAndValues[i]), namesAndValues[i + 1]);
        }
        return this;
    }

    public FakeHttpStream path(String path) {
        requestHeaders.set(HeaderName.PATH, path);
        return this;
    }

    public FakeHttpStream method(String method) {
        requestHeaders.set(HeaderName.METHOD, method);
        return this;
    }

    /** Makes {@link #route} one that forwards to {@code cluster}. */
    public FakeHttpStream routedTo(String cluster) {
        route = new FakeRoute("", cluster, perFilterConfigs);
        return this;
    }

    /** Sets a runtime key to a Long, or to parts per million for a fraction (a Long as well). */
    public FakeHttpStream runtime(String key, Object value) {
        runtimeValues.put(key, value);
        return this;
    }

    @Override
    public void setDeadline(Runnable action, long nanos) {
        clearDeadline();
        deadline = channel.eventLoop().schedule(action, nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void clearDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    /** Moves the clock and runs what is due by then. */
    public void advanceMillis(long millis) {
        ticker.advance(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    /** Hands response data to a filter as the chain does, and collects what it lets through. */
    public void respondData(HttpFilter filter, String text, boolean endStream) {
        ByteBuf data = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
        if (filter.onResponseData(this, data, endStream) == Flow.CONTINUE) {
            responseBody.writeBytes(data);
            responseEnded |= endStream;
        }
        data.release();
    }

    @Override
    public EventLoop loop() {
        return channel.eventLoop();
    }

    @Override
    public long nanoTime() {
        return ticker.nanoTime();
    }

    @Override
    public ByteBufAllocator alloc() {
        return ByteBufAllocator.DEFAULT;
    }

    @Override
    public StreamInfo info() {
        return info;
    }

    @Override
    public RuntimeSnapshot runtime() {
        return new RuntimeSnapshot() {
            @Override
            public long integer(String key, long defaultValue) {
                return runtimeValues.get(key) instanceof Long value ? value : defaultValue;
            }

            @Override
            public boolean bool(String key, boolean defaultValue) {
                return runtimeValues.get(key) instanceof Boolean value ? value : defaultValue;
            }

            @Override
            public double number(String key, double defaultValue) {
                return runtimeValues.get(key) instanceof Double value ? value : defaultValue;
            }

            @Override
            public long partsPerMillion(String key, long defaultPartsPerMillion) {
                return runtimeValues.get(key) instanceof Long value ? value * 10_000 : defaultPartsPerMillion;
            }
        };
    }

    @Override
    public HeaderMap requestHeaders() {
        return requestHeaders;
    }

    @Override
    public @Nullable HeaderMap requestTrailers() {
        return null;
    }

    @Override
    public @Nullable HeaderMap responseHeaders() {
        return responseHeaders;
    }

    @Override
    public @Nullable HeaderMap responseTrailers() {
        return null;
    }

    @Override
    public boolean accepted() {
        return accepted;
    }

    @Override
    public boolean isGrpcRequest() {
        String type = requestHeaders.get(HeaderName.CONTENT_TYPE);
        return type != null && (type.equals("application/grpc") || type.startsWith("application/grpc+"));
    }

    @Override
    public @Nullable SelectedRoute route() {
        return route;
    }

    @Override
    public void clearRouteCache() {
        events.add("clearRouteCache");
    }

    @Override
    public @Nullable Object perFilterConfig(String filterName) {
        return perFilterConfigs.get(filterName);
    }

    @Override
    public <K, T> T connectionState(K key, Function<K, T> make) {
        return ConnectionState.of(channel).get(key, make);
    }

    @Override
    public void resumeRequest(HttpFilter filter) {
        events.add("resumeRequest");
    }

    @Override
    public void resumeResponse(HttpFilter filter) {
        events.add("resumeResponse");
    }

    @Override
    public void injectRequestData(HttpFilter filter, ByteBuf transferred, boolean endStream) {
        events.add("injectRequestData");
        transferred.release();
    }

    @Override
    public void injectResponseData(HttpFilter filter, ByteBuf transferred, boolean endStream) {
        responseBody.writeBytes(transferred);
        transferred.release();
        responseEnded |= endStream;
    }

    @Override
    public void injectResponseTrailers(HttpFilter filter, HeaderMap trailers) {
        throw new AssertionError("this stream has no trailers");
    }

    @Override
    public void restart(HeaderMap response, @Nullable ByteBuf transferredBody) {
        throw new AssertionError("this stream has one pass");
    }

    @Override
    public void sendLocalReply(LocalReply reply) {
        this.reply = reply;
        events.add("reply " + reply.status());
    }

    @Override
    public void sendHeaders(int status, String details, LocalReply.HeaderEdit headers) {
        sendLocalReply(new LocalReply(status, "", details, -1, headers));
    }

    @Override
    public void resetDownstream(String details) {
        events.add("reset " + details);
    }

    @Override
    public void encodeInformational(HeaderMap headers) {
        events.add("encodeInformational");
    }

    @Override
    public void encodeHeaders(HeaderMap headers, boolean endStream) {
        responseHeaders = headers;
        responseEnded |= endStream;
    }

    @Override
    public void encodeData(ByteBuf transferred, boolean endStream) {
        injectResponseData(new HttpFilter() {}, transferred, endStream);
    }

    @Override
    public void encodeTrailers(HeaderMap trailers) {
        responseEnded = true;
    }

    @Override
    public void abortResponse(String details) {
        events.add("abortResponse " + details);
    }

    @Override
    public void pauseRequestReads() {
        events.add("pauseRequestReads");
    }

    @Override
    public void resumeRequestReads() {
        events.add("resumeRequestReads");
    }

    @Override
    public void pauseResponseReads() {
        responseReadsPaused++;
    }

    @Override
    public void resumeResponseReads() {
        responseReadsPaused--;
    }

    @Override
    public void responseWatermark(@Nullable WatermarkListener listener) {}

    private record FakeRoute(String name, @Nullable String clusterName, Map<String, Object> configs)
            implements SelectedRoute {
        @Override
        public boolean forwards() {
            return clusterName != null;
        }

        @Override
        public @Nullable Object perFilterConfig(String filterName) {
            return configs.get(filterName);
        }

        @Override
        public @Nullable Boolean filterDisabled(String filterName) {
            return null;
        }

        @Override
        public long idleTimeoutNanos() {
            return -1;
        }

        @Override
        public long maxStreamDurationNanos(HeaderMap request) {
            return -1;
        }

        @Override
        public void finalizeResponseHeaders(HeaderMap response, HttpStream stream) {}
    }
}
