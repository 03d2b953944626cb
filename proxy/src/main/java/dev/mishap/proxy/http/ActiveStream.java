package dev.mishap.proxy.http;

import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way through the connection manager: the filter chain, the route, the timers, and what is written about it
 * at the end. An object serves many requests of many connections, one after the other, see {@link SpareStreams}. Confined to
 * the event loop.
 */
public final class ActiveStream implements HttpStream {
    private static final byte[] HUNDRED = {'1', '0', '0'};

    private final ConnectionManagerConfig config;
    private final EventLoop loop;
    private final LoopClock clock = LoopClock.current();
    private final StreamInfo info = new StreamInfo();
    private final HeaderMap requestHeaders = new HeaderMap();
    private @Nullable LocalReplyResponse localReply;
    private final FilterChain chain;
    private final RequestHeaders preparation;
    private final StreamTimers timers;
    private final StreamLog log;
    private final ResponseFlow responseFlow = new ResponseFlow();

    private DownstreamCodec codec = DownstreamCodec.NONE;
    private ByteBufAllocator alloc = ByteBufAllocator.DEFAULT;
    private boolean active;
    private RuntimeSnapshot runtime = RuntimeSnapshot.EMPTY;
    private final StreamRoute route;
    private final ResponseEncoder encoder;

    private @Nullable HeaderMap requestTrailers;
    private @Nullable HeaderMap responseHeaders;
    private @Nullable HeaderMap responseTrailers;
    private boolean headersSeen;
    private boolean responseStarted;
    /** Whether the request was gRPC when it came, whatever filters make of it: so its local replies are. */
    private boolean grpc;

    /** The pass that ends is followed by another one. */
    private boolean restarting;

    /** An upgrade was asked for and allowed. */
    private boolean upgrade;

    ActiveStream(ConnectionManagerConfig config, EventLoop loop) {
        this.config = config;
        this.loop = loop;
        this.encoder = new ResponseEncoder(this, config, clock);
        this.chain = new FilterChain(this, encoder, config.mostFilters(), config.bufferLimit);
        this.preparation = new RequestHeaders(config, clock);
        this.timers = new StreamTimers(config, loop, this);
        this.route = new StreamRoute(this, config, timers);
        this.log = new StreamLog(this, config, loop);
    }

    /** The next request comes from here. */
    void attach(DownstreamCodec to) {
        assert codec == DownstreamCodec.NONE;
        codec = to;
        alloc = to.channel().alloc();
    }

    /** Lets go of the connection; filters of the request that has ended may be on the stack and look at the rest. */
    void detach() {
        codec = DownstreamCodec.NONE;
        route.forget();
        responseFlow.end();
    }

    DownstreamCodec codec() {
        return codec;
    }

    // ---- the codec's side ----

    /** Whether a request is under way. */
    public boolean active() {
        return active;
    }

    /** Where the codec puts the next request's headers. */
    public HeaderMap incoming() {
        return requestHeaders;
    }

    /** The first byte of a request was read. */
    public void begin(long now) {
        info.reset();
        beginPass(now);
    }

    private void beginPass(long now) {
        info.startNanos = now;
        info.startTimeEpochNanos = clock.epochNanos(now);
        info.protocol = codec.protocol();
        active = true;
        headersSeen = responseStarted = upgrade = false;
        route.begin();
        encoder.begin();
        requestTrailers = responseHeaders = responseTrailers = null;
        responseFlow.begin(!codec.writable());
        runtime = config.runtime.current();
        chain.begin();
        config.stats.rqTotal.inc();
        config.stats.rqActive.inc();
        timers.begin(now);
        log.begin(now);
    }

    /** The request's head is complete, in {@link #incoming}. */
    public void onHeaders(String protocol, boolean headRequest, boolean endStream) {
        info.protocol = protocol;
        encoder.head(headRequest);
        headersSeen = true;
        grpc = isGrpcRequest();
        long now = System.nanoTime();
        timers.touch(now);
        if (endStream) {
            requestComplete(now);
        }
        if (config.overload.stopsRequest()) {
            config.stats.rqOverloadClose.inc();
            chain.leaveOut(); // they would take memory
            refuse(RequestHeaders.overloaded(config));
            return;
        }
        RequestHeaders.Refusal refusal = preparation.prepare(this, codec);
        if (refusal != null) {
            refuse(refusal);
            return;
        }
        SelectedRoute r = route();
        String upgradeType = Upgrades.requested(requestHeaders, codec);
        if (upgradeType != null && !admitsUpgrade(upgradeType, r)) {
            return;
        }
        if (r != null) {
            timers.apply(r, requestHeaders, info.startNanos, now);
        }
        StreamTracer tracer = config.tracer;
        if (tracer != null) {
            info.span = tracer.start(this);
        }
        if (config.logNewRequests) {
            log.write(AccessLogType.DOWNSTREAM_START);
        }
        chain.create(upgradeType != null && upgrade ? config.filtersOf(upgradeType) : config.filters, r);
        chain.requestHeaders(endStream);
    }

    private boolean admitsUpgrade(String type, @Nullable SelectedRoute r) {
        if (Upgrades.allowed(config.upgrades, r, type)) {
            upgrade = true;
            config.stats.cxUpgradesTotal.inc();
            config.stats.cxUpgradesActive.inc();
        } else if (r != null) { // without a route, that is what the answer tells
            config.stats.rqWsOnNonWsRoute.inc();
            codec.endConnection();
            refuse(RequestHeaders.NO_UPGRADE);
            return false;
        }
        return true;
    }

    /** A piece of the request's body. */
    public void onData(ByteBuf transferred, boolean endStream) {
        if (!active) {
            transferred.release();
            return;
        }
        info.bytesReceived += transferred.readableBytes();
        long now = System.nanoTime();
        timers.touch(now);
        if (endStream) {
            requestComplete(now);
        }
        chain.requestData(transferred, endStream);
    }

    /** The end of a request with trailers. */
    public void onTrailers(HeaderMap trailers) {
        if (active) {
            requestComplete(System.nanoTime());
            requestTrailers = trailers;
            chain.requestTrailers(trailers);
        }
    }

    /** The client went away or broke the connection. */
    public void onDisconnect(ResponseFlag flag, String details) {
        if (!active) {
            return;
        }
        info.addFlag(flag);
        info.responseCodeDetails = details;
        config.stats.rqRxReset.inc();
        finish(false);
    }

    /** The client gave this request up and nothing else, or sent what ends it. */
    public void onReset(@Nullable ResponseFlag flag, @Nullable String details) {
        if (!active) {
            return;
        }
        if (flag != null) {
            info.addFlag(flag);
        }
        if (details != null) {
            info.responseCodeDetails = details;
        }
        config.stats.rqRxReset.inc();
        finish(false);
    }

    /** The request can't be parsed; answers unless the response has begun. */
    public void onCodecError(int status, String body, String details) {
        if (!active) {
            return;
        }
        info.addFlag(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR);
        info.responseCodeDetails = details;
        if (responseStarted) {
            cut(false);
            return;
        }
        if (!headersSeen) {
            requestHeaders.clear();
        }
        encoder.malformed();
        sendLocalReply(LocalReply.of(status, body, details));
    }

    /** The connection takes more of the response again, or no more. */
    public void onWritability(boolean writable) {
        if (active) {
            responseFlow.writable(writable);
        }
    }

    /** The time for the request's head has run out. */
    public void onHeadersTimeout() {
        if (active && !headersSeen) {
            config.stats.rqHeaderTimeout.inc();
            requestHeaders.clear();
            encoder.closeAfter();
            sendLocalReply(LocalReply.of(408, "request header timeout", "request_header_timeout"));
        }
    }

    /** Nobody is to see the lines of a head that never came to its end. */
    private void forgetPartOfHead() {
        if (!headersSeen) {
            requestHeaders.clear();
        }
    }

    private void refuse(RequestHeaders.Refusal refusal) {
        if (refusal.close() && refusal.status() != 400) { // of which the reply knows itself
            encoder.closeAfter();
        }
        sendLocalReply(new LocalReply(refusal.status(), refusal.body(), refusal.details(), -1, refusal.edit()));
    }

    private void requestComplete(long now) {
        info.requestEndNanos = now;
        timers.requestComplete();
    }

    /** A time is over: the client is told, unless its response has begun, which is cut then. */
    void timedOut(LocalReply reply) {
        if (responseStarted) {
            info.responseCodeDetails = reply.details();
            cut(false);
        } else {
            sendLocalReply(reply);
        }
    }

    // ---- HttpStream ----

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public void setDeadline(Runnable action, long nanos) {
        timers.setDeadline(action, System.nanoTime(), nanos);
    }

    @Override
    public void clearDeadline() {
        timers.clearDeadline();
    }

    @Override
    public ByteBufAllocator alloc() {
        return alloc;
    }

    @Override
    public int bufferLimit() {
        return config.bufferLimit;
    }

    @Override
    public StreamInfo info() {
        return info;
    }

    @Override
    public RuntimeSnapshot runtime() {
        return runtime;
    }

    @Override
    public HeaderMap requestHeaders() {
        return requestHeaders;
    }

    @Override
    public @Nullable HeaderMap requestTrailers() {
        return requestTrailers;
    }

    @Override
    public @Nullable HeaderMap responseHeaders() {
        return responseHeaders;
    }

    @Override
    public @Nullable HeaderMap responseTrailers() {
        return responseTrailers;
    }

    @Override
    public boolean accepted() {
        return chain.asked();
    }

    @Override
    public boolean isGrpcRequest() {
        int i = requestHeaders.indexOf(HeaderName.CONTENT_TYPE);
        return i >= 0 && GrpcReply.isGrpcContentType(requestHeaders, i);
    }

    @Override
    public @Nullable SelectedRoute route() {
        return route.get();
    }

    @Override
    public @Nullable PendingRoute fetchRoute(Runnable done) {
        return config.routes.fetch(this, done);
    }

    @Override
    public void clearRouteCache() {
        route.clear();
    }

    @Override
    public @Nullable Object perFilterConfig(String filterName) {
        SelectedRoute r = route();
        return r == null ? null : r.perFilterConfig(filterName);
    }

    @Override
    public <K, T> T connectionState(K key, Function<K, T> make) {
        return ConnectionState.of(codec.channel()).get(key, make);
    }

    @Override
    public void raiseRequestBufferLimit(int bytes) {
        chain.raiseRequestLimit(bytes);
    }

    @Override
    public void resumeRequest(HttpFilter filter) {
        chain.resumeRequest(filter);
    }

    @Override
    public void resumeResponse(HttpFilter filter) {
        chain.resumeResponse(filter);
    }

    @Override
    public void injectRequestData(HttpFilter filter, ByteBuf transferred, boolean endStream) {
        chain.injectRequest(filter, transferred, endStream);
    }

    @Override
    public void injectResponseData(HttpFilter filter, ByteBuf transferred, boolean endStream) {
        chain.injectResponse(filter, transferred, endStream);
    }

    @Override
    public void injectResponseTrailers(HttpFilter filter, HeaderMap trailers) {
        if (active) {
            responseTrailers = trailers;
            chain.injectResponseTrailers(filter, trailers);
        }
    }

    @Override
    public void sendLocalReply(LocalReply reply) {
        if (!active) {
            return;
        }
        if (responseStarted) {
            info.responseCodeDetails = reply.details();
            cut(false);
            return;
        }
        info.responseCodeDetails = reply.details();
        forgetPartOfHead();
        chain.stopRequest();
        if (!chain.created()) {
            chainForAnswer();
        }
        LocalReplyResponse local = localReply();
        byte[] body = prepare(local, reply);
        HeaderMap headers = local.headers();
        responseStarted = true;
        responseHeaders = headers;
        if (body == null) {
            chain.responseHeaders(headers, true);
            return;
        }
        ByteBuf data = alloc().ioBuffer(body.length).writeBytes(body);
        chain.responseHeaders(headers, false);
        if (active) {
            chain.responseData(data, true);
        } else {
            data.release();
        }
    }

    private byte @Nullable [] prepare(LocalReplyResponse local, LocalReply reply) {
        if (reply.status() == 400 && !config.staysOpenAfterBadRequest) {
            encoder.closeAfter(); // whatever a gRPC client or a mapper makes of it
        }
        SelectedRoute r = route.chosen();
        return local.prepare(
                reply,
                this,
                config.localReplies,
                r != null && r.forwards() ? r : null,
                headersSeen && grpc,
                encoder.isHead());
    }

    @Override
    public void sendHeaders(int status, String details, LocalReply.HeaderEdit edit) {
        if (!active) {
            return;
        }
        assert !responseStarted : "two responses";
        info.responseCodeDetails = details;
        chain.stopRequest();
        HeaderMap headers = localReply().start(status);
        edit.apply(headers);
        info.responseCode = status;
        responseStarted = true;
        responseHeaders = headers;
        chain.responseHeaders(headers, true);
    }

    private LocalReplyResponse localReply() {
        LocalReplyResponse local = localReply;
        if (local == null) {
            local = new LocalReplyResponse();
            localReply = local;
        }
        return local;
    }

    /** The filters of a request that is refused before they see it: its answer passes them all the same. */
    private void chainForAnswer() {
        chain.create(config.filters, route.chosen());
        int proto = headersSeen ? requestHeaders.indexOf(HeaderName.X_FORWARDED_PROTO) : -1;
        if (proto >= 0 && requestHeaders.valueLength(proto) > 0) {
            route();
        } else {
            route.none(); // Envoy finds no route without that header, which we add later than this
        }
    }

    @Override
    public void replaceResponse(LocalReply reply) {
        if (!active) {
            return;
        }
        assert responseStarted : "nothing to replace";
        info.responseCodeDetails = reply.details();
        LocalReplyResponse local = new LocalReplyResponse(); // that of the stream may be what is replaced
        byte[] body = prepare(local, reply);
        responseHeaders = local.headers();
        encoder.writeHeaders(local.headers(), body == null);
        if (body != null && active) {
            encoder.writeData(alloc().ioBuffer(body.length).writeBytes(body), true);
        }
    }

    @Override
    public void closeAfterResponse() {
        encoder.closeAfter();
    }

    @Override
    public void restart(HeaderMap redirect, @Nullable ByteBuf transferredBody) {
        boolean head = encoder.isHead();
        info.responseCodeDetails = "internal_redirect";
        info.responseCode = ResponseHeaders.status(redirect);
        responseHeaders = redirect;
        encoder.replaced();
        restarting = true;
        finish(false);
        restarting = false;
        info.restart();
        config.stats.restarted(codec.protocol());
        long now = System.nanoTime();
        beginPass(now);
        headersSeen = true;
        encoder.head(head);
        requestComplete(now);
        SelectedRoute r = route();
        if (r != null) {
            timers.apply(r, requestHeaders, info.startNanos, now);
        }
        chain.create(config.filters, r);
        chain.requestHeaders(transferredBody == null);
        if (transferredBody != null) {
            onData(transferredBody, true);
        }
    }

    @Override
    public void resetDownstream(String details) {
        if (active) {
            info.responseCodeDetails = details;
            info.addFlag(ResponseFlag.LOCAL_RESET);
            cut(true);
        }
    }

    @Override
    public void resetDownstream(String details, int code, boolean wholeConnection) {
        if (active) {
            info.responseCodeDetails = details;
            info.addFlag(ResponseFlag.LOCAL_RESET);
            config.stats.rqTxReset.inc();
            finish(false);
            codec.streamReset(code, wholeConnection);
        }
    }

    @Override
    public void encodeInformational(HeaderMap headers) {
        if (active && !responseStarted && config.proxy100Continue && headers.valueEquals(0, HUNDRED)) {
            config.stats.completed(100);
            codec.encodeInformational(headers);
        }
    }

    @Override
    public void encodeHeaders(HeaderMap headers, boolean endStream) {
        if (!active) {
            return;
        }
        assert !responseStarted : "two responses";
        responseStarted = true;
        responseHeaders = headers;
        if (info.responseCodeDetails == null) {
            info.responseCodeDetails = "via_upstream";
        }
        SelectedRoute r = route.chosen();
        if (r != null) {
            info.responseCode = ResponseHeaders.status(headers); // header formats may tell it
            r.finalizeResponseHeaders(headers, this);
        }
        if (!endStream) {
            timers.touch(System.nanoTime());
        }
        chain.responseHeaders(headers, endStream);
    }

    @Override
    public void encodeData(ByteBuf transferred, boolean endStream) {
        if (!active) {
            transferred.release();
            return;
        }
        if (!endStream) {
            timers.touch(System.nanoTime());
        }
        chain.responseData(transferred, endStream);
    }

    @Override
    public void encodeTrailers(HeaderMap trailers) {
        if (active) {
            responseTrailers = trailers;
            chain.responseTrailers(trailers);
        }
    }

    @Override
    public void abortResponse(String details) {
        if (active) {
            info.responseCodeDetails = details;
            cut(false);
        }
    }

    @Override
    public void pauseRequestReads() {
        if (active) {
            config.stats.flowControlPaused.inc();
            codec.pauseReads();
        }
    }

    @Override
    public void resumeRequestReads() {
        if (active) {
            config.stats.flowControlResumed.inc();
            codec.resumeReads();
        }
    }

    @Override
    public void pauseResponseReads() {
        responseFlow.pause();
    }

    @Override
    public void resumeResponseReads() {
        responseFlow.resume();
    }

    @Override
    public void responseWatermark(@Nullable WatermarkListener listener) {
        responseFlow.listener(listener);
    }

    // ---- the end ----

    /** The codec has the response's head: with it, a tunnel is open. */
    void tunnelEstablished() {
        if (config.logTunnels) {
            log.write(AccessLogType.DOWNSTREAM_TUNNEL_ESTABLISHED);
        }
    }

    /** Whether an upgrade was asked for and allowed. */
    boolean isUpgrade() {
        return upgrade;
    }

    private void cut(boolean reset) {
        config.stats.rqTxReset.inc();
        if (!reset) {
            config.stats.rqRxReset.inc(); // HTTP/1 ends a stream by ending the connection, which comes back as a reset
        }
        boolean wasActive = active;
        finish(false);
        if (wasActive) {
            codec.streamCut(reset);
        }
    }

    /** Ends the stream, once: filters, stats, log, and then the codec. */
    void finish(boolean complete) {
        if (!active) {
            return;
        }
        info.endNanos = System.nanoTime();
        active = false;
        forgetPartOfHead();
        timers.clear();
        boolean answered = encoder.headersWritten();
        if (!answered) {
            info.responseCode = 0;
        }
        StreamSpan span = info.span;
        if (span != null) {
            span.finish(this);
        }
        // before the filters let go of what the log shows: the response's headers are the router's
        log.end();
        chain.end();
        ConnectionManagerStats stats = config.stats;
        stats.rqActive.dec();
        if (upgrade) {
            stats.cxUpgradesActive.dec();
        }
        // A response counts from its headers on, whether its end comes or not.
        if (info.healthCheck) {
            stats.healthChecks.inc(); // and it is no traffic to be counted by its codes
        } else if (!restarting && (complete || answered)) {
            stats.completed(info.responseCode);
        }
        if (complete && !codec.requestComplete()) {
            stats.rqRxReset.inc(); // the rest of the request will not be read
        }
        stats.rqTime.record((info.endNanos - info.startNanos) / 1_000_000);
        if (complete) {
            codec.streamDone();
        }
    }

    /** Whether the connection ends with this response. */
    public boolean closesConnection() {
        return encoder.closesConnection();
    }

    /** Frees timers; the object is not used again. */
    void close() {
        timers.close();
        log.close();
    }
}
