package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.UpstreamListener;
import dev.mishap.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** Sends a request and hands its answer to somebody who judges it; gRPC is a request, too. */
final class HttpProbe implements Probe {
    private static final int MAX_BODY = 1 << 20;

    private final ClusterPools pools;
    private final Endpoint endpoint;
    private final HttpExchange exchange;
    private @Nullable Request request;

    HttpProbe(ClusterPools pools, Endpoint endpoint, HttpExchange exchange) {
        this.pools = pools;
        this.endpoint = endpoint;
        this.exchange = exchange;
    }

    /** What is asked and what the answer means. */
    interface HttpExchange {
        void fill(HeaderMap request);

        /** The request's body, which is the caller's; null = none. */
        @Nullable
        ByteBuf body();

        /** @param trailers null when there were none */
        void judge(HeaderMap response, @Nullable HeaderMap trailers, ByteBuf borrowedBody, Results to);
    }

    @Override
    public void start(Results to) {
        Request r = new Request(to);
        request = r;
        pools.acquire(endpoint, RequestPriority.DEFAULT, r);
    }

    @Override
    public void cancel() {
        Request r = request;
        request = null;
        if (r != null) {
            r.giveUp();
        }
    }

    private final class Request implements UpstreamListener {
        private final Results results;
        private final HeaderMap response = new HeaderMap();
        private final ByteBuf body = Unpooled.buffer(0);
        private @Nullable UpstreamStream stream;
        private boolean over;

        Request(Results results) {
            this.results = results;
        }

        void giveUp() {
            if (over) {
                return;
            }
            UpstreamStream s = stream;
            end();
            if (s != null) {
                s.reset();
            } else {
                pools.cancel(endpoint, RequestPriority.DEFAULT, this);
            }
        }

        private void end() {
            over = true;
            stream = null;
            body.release();
            if (request == this) {
                request = null;
            }
        }

        @Override
        public boolean prefersHttp2() {
            return false;
        }

        @Override
        public void onReady(UpstreamStream to) {
            stream = to;
            HeaderMap headers = new HeaderMap();
            exchange.fill(headers);
            ByteBuf data = exchange.body();
            to.sendHeaders(headers, data == null);
            if (data != null) {
                to.sendData(data, true);
            }
        }

        @Override
        public void onPoolFailure(ResetReason reason, @Nullable String transportFailure) {
            fail();
        }

        private void fail() {
            if (!over) {
                end();
                results.failed(Failure.NETWORK, false, 0);
            }
        }

        @Override
        public HeaderMap responseHeaders() {
            return response;
        }

        @Override
        public void onInformational(HeaderMap headers) {}

        @Override
        public void onHeaders(HeaderMap headers, boolean endStream) {
            if (endStream) {
                complete(null);
            }
        }

        @Override
        public void onData(ByteBuf transferred, boolean endStream) {
            if (!over && body.readableBytes() < MAX_BODY) {
                body.writeBytes(transferred, transferred.readerIndex(), transferred.readableBytes());
            }
            transferred.release();
            if (endStream) {
                complete(null);
            }
        }

        @Override
        public void onTrailers(HeaderMap trailers) {
            complete(trailers);
        }

        private void complete(@Nullable HeaderMap trailers) {
            if (over) {
                return;
            }
            ByteBuf b = body.retain();
            end();
            try {
                exchange.judge(response, trailers, b, results);
            } finally {
                b.release();
            }
        }

        @Override
        public void onReset(ResetReason reason) {
            fail();
        }

        @Override
        public void onWritable(boolean writable) {}
    }
}
