package dev.mishap.proxy.filter.http.bandwidthlimit;

import dev.mishap.proxy.filter.common.TokenBucket;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Shapes the request's body, the response's, or both. */
final class BandwidthLimitFilter implements HttpFilter {
    private final String name;
    private final BandwidthLimitConfig filterConfig;
    private @Nullable Shaper request;
    private @Nullable ResponseShaper response;

    BandwidthLimitFilter(String name, BandwidthLimitConfig config) {
        this.name = name;
        this.filterConfig = config;
    }

    private BandwidthLimitConfig config(HttpStream stream) {
        return stream.perFilterConfig(name) instanceof BandwidthLimitConfig perRoute ? perRoute : filterConfig;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        BandwidthLimitConfig config = config(stream);
        TokenBucket bucket = config.bucket();
        if (config.requests() && bucket != null && config.enabled().on(stream.runtime())) {
            config.stats().request.enabled.inc();
            request = new RequestShaper(stream, this, bucket, config);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        Shaper shaper = request;
        return shaper == null ? Flow.CONTINUE : shaper.onData(borrowed, endStream);
    }

    @Override
    public Flow onRequestTrailers(HttpStream stream, HeaderMap trailers) {
        Shaper shaper = request;
        return shaper != null && shaper.holdTrailers() ? Flow.PAUSE : Flow.CONTINUE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        BandwidthLimitConfig config = config(stream);
        TokenBucket bucket = config.bucket();
        if (config.responses() && bucket != null && config.enabled().on(stream.runtime())) {
            config.stats().response.enabled.inc();
            response = new ResponseShaper(stream, this, bucket, config);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        ResponseShaper shaper = response;
        if (shaper == null) {
            return Flow.CONTINUE;
        }
        shaper.addsTrailers = endStream && shaper.tellsDelays();
        Flow flow = shaper.onData(borrowed, endStream);
        if (flow == Flow.CONTINUE && shaper.addsTrailers) {
            shaper.inject(borrowed.retain(), true);
            return Flow.TAKEN;
        }
        return flow;
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        ResponseShaper shaper = response;
        if (shaper == null) {
            return Flow.CONTINUE;
        }
        shaper.trailers = trailers;
        return shaper.holdTrailers() ? Flow.PAUSE : Flow.CONTINUE;
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        if (request != null) {
            request.close();
        }
        if (response != null) {
            response.close();
        }
    }

    /** The request's way. */
    private static final class RequestShaper extends Shaper {
        RequestShaper(HttpStream stream, HttpFilter filter, TokenBucket bucket, BandwidthLimitConfig config) {
            super(stream, filter, bucket, config, config.stats().request);
        }

        @Override
        void inject(ByteBuf transferred, boolean end) {
            stream.injectRequestData(filter, transferred, end);
        }

        @Override
        void resumeTrailers() {
            stream.resumeRequest(filter);
        }

        @Override
        void pauseSender() {
            stream.pauseRequestReads();
        }

        @Override
        void resumeSender() {
            stream.resumeRequestReads();
        }
    }

    /** The response's way, which may end with trailers that tell delays. */
    private final class ResponseShaper extends Shaper {
        private final BandwidthLimitConfig.@Nullable Trailers names;
        private @Nullable HeaderMap trailers;
        private boolean addsTrailers;

        ResponseShaper(HttpStream stream, HttpFilter filter, TokenBucket bucket, BandwidthLimitConfig config) {
            super(stream, filter, bucket, config, config.stats().response);
            names = config.trailers();
        }

        /** Whether trailers are added to a response without any; an HTTP/1 client that asked for none gets none. */
        boolean tellsDelays() {
            return names != null && "HTTP/2".equals(stream.info().protocol);
        }

        @Override
        void inject(ByteBuf transferred, boolean end) {
            if (end && addsTrailers) {
                HeaderMap added = new HeaderMap();
                tell(added);
                if (added.size() > 0) {
                    stream.injectResponseData(filter, transferred, false);
                    stream.injectResponseTrailers(filter, added);
                    return;
                }
            }
            stream.injectResponseData(filter, transferred, end);
        }

        @Override
        void finished() {
            HeaderMap given = trailers;
            if (given != null) {
                tell(given);
            }
        }

        private void tell(HeaderMap target) {
            BandwidthLimitConfig.Trailers n = names;
            if (n == null) {
                return;
            }
            Shaper up = request;
            if (up != null) {
                set(target, n.requestDelay(), up.durationMillis());
                set(target, n.requestFilterDelay(), up.delayMillis());
            }
            set(target, n.responseDelay(), durationMillis());
            set(target, n.responseFilterDelay(), delayMillis());
        }

        private static void set(HeaderMap target, HeaderName name, long millis) {
            if (millis > 0) {
                target.set(name, Long.toString(millis));
            }
        }

        @Override
        void resumeTrailers() {
            stream.resumeResponse(filter);
        }

        @Override
        void pauseSender() {
            stream.pauseResponseReads();
        }

        @Override
        void resumeSender() {
            stream.resumeResponseReads();
        }
    }
}
