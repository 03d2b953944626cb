package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** The end of the response's filters: gives the codec what went through all of them, and says whether the connection ends with it. */
final class ResponseEncoder implements ChainEnd {
    private final ActiveStream stream;
    private final ConnectionManagerConfig config;
    private final LoopClock clock;
    private boolean head;
    private boolean headersWritten;
    private boolean closeAfter;
    /** Whether the request could not be parsed. */
    private boolean malformed;

    ResponseEncoder(ActiveStream stream, ConnectionManagerConfig config, LoopClock clock) {
        this.stream = stream;
        this.config = config;
        this.clock = clock;
    }

    /** A request begins. */
    void begin() {
        head = headersWritten = closeAfter = malformed = false;
    }

    /** Whether the request is HEAD, whose response has no body. */
    void head(boolean is) {
        head = is;
    }

    boolean isHead() {
        return head;
    }

    boolean headersWritten() {
        return headersWritten;
    }

    /** The response went to somebody else than the client, and is as good as written. */
    void replaced() {
        headersWritten = true;
    }

    /** The request could not be parsed, and the connection ends with its answer. */
    void malformed() {
        malformed = true;
        closeAfter = true;
    }

    /** The connection ends with this response. */
    void closeAfter() {
        closeAfter = true;
    }

    /** Whether the connection ends with this response. */
    boolean closesConnection() {
        return closeAfter;
    }

    /** Writes the head that went through all filters. */
    @Override
    public void writeHeaders(HeaderMap headers, boolean endStream) {
        StreamInfo info = stream.info();
        DownstreamCodec codec = stream.codec();
        long now = System.nanoTime();
        info.downstreamFirstTxNanos = now;
        ResponseHeaders.finish(headers, config, stream.requestHeaders(), clock.date(now));
        ProxyStatus proxyStatus = config.proxyStatus;
        if (proxyStatus != null) {
            proxyStatus.apply(headers, info, malformed);
        }
        InvalidValues.leaveOut(headers);
        int status = ResponseHeaders.status(headers);
        info.responseCode = status;
        StreamSpan span = info.span;
        if (span != null) {
            span.onResponse(headers);
        }
        closeAfter = !codec.multiplexed() && endsConnection(codec);
        if (codec.multiplexed() && config.drain.closeAfterResponse()) {
            codec.drain();
        }
        if (!codec.requestComplete()) {
            config.stats.rqResponseBeforeRqComplete.inc();
        }
        headersWritten = true;
        boolean tunnel = stream.isUpgrade() && Upgrades.opens(stream.requestHeaders(), headers, status, codec);
        // An upstream that sends a body to HEAD breaks its own response: what follows is looked at, and not passed on.
        boolean headOnly = head && !codec.multiplexed() && !tunnel;
        // A tunnel's end is its connection's, but what it carries is not about HTTP.
        codec.encodeHeaders(headers, endStream || headOnly, closeAfter && !tunnel, tunnel);
        if (tunnel) {
            stream.tunnelEstablished();
        }
        if (endStream) {
            stream.finish(true);
        }
    }

    /** Whether a connection that carries one request at a time ends with this response. */
    private boolean endsConnection(DownstreamCodec codec) {
        boolean close = closeAfter || !codec.keepAlive() || !codec.requestComplete();
        if (!close && config.drain.closeAfterResponse()) {
            config.stats.cxDrainClose.inc();
            close = true;
        }
        if (!close && config.overload.disablesKeepalive()) {
            config.stats.cxOverloadDisableKeepalive.inc();
            config.stats.cxDrainClose.inc();
            close = true;
        }
        return close;
    }

    @Override
    public void writeData(ByteBuf transferred, boolean endStream) {
        DownstreamCodec codec = stream.codec();
        if (head) {
            transferred.release();
            if (endStream && codec.multiplexed()) {
                codec.encodeData(Unpooled.EMPTY_BUFFER, true);
            }
        } else {
            stream.info().bytesSent += transferred.readableBytes();
            codec.encodeData(transferred, endStream);
        }
        if (endStream) {
            stream.finish(true);
        }
    }

    @Override
    public void writeTrailers(HeaderMap trailers) {
        DownstreamCodec codec = stream.codec();
        if (!head || codec.multiplexed()) {
            codec.encodeTrailers(trailers);
        }
        stream.finish(true);
    }
}
