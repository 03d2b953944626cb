package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.ClusterStats;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.StreamSpan;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateValue;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.TcpTunnel;
import dev.mishap.proxy.upstream.UpstreamListener;
import dev.mishap.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One try of a request: from the endpoint picked to the end of its response. Tells the router what happens to it. */
final class Attempt implements UpstreamListener {
    final Endpoint endpoint;
    /** The try before, whose headers are given back with this one's. */
    final @Nullable Attempt before;

    private final Tries tries;
    private final HeaderMap response;
    private final long startNanos;
    private @Nullable UpstreamStream stream;
    /** A connection is there. */
    private boolean connected;

    private @Nullable UpstreamFilters filters;
    /** What a CONNECT that ends here opens instead of a request. */
    private @Nullable TcpTunnel tunnel;

    private StreamSpan.@Nullable AttemptSpan span;
    private final @Nullable TryLog log;
    private @Nullable Future<?> perTry;
    private @Nullable Future<?> perTryIdle;
    private @Nullable Future<?> duration;
    long bodySent;
    long bodyReceived;
    private int responseHeaderBytes;
    private int responseHeaderCount;
    private boolean headersSeen;
    private boolean over;
    private boolean requestPaused;
    private boolean responsePaused;
    private boolean perTryArmed;
    /** A gRPC response is a success or not when its trailers have come. */
    boolean successOpen;
    /** It took too long, and there is another beside it. */
    boolean hedged;
    /** That it took too long was told. */
    boolean timeoutTold;

    Attempt(Tries tries, Endpoint endpoint, @Nullable Attempt before) {
        this.tries = tries;
        this.endpoint = endpoint;
        this.before = before;
        this.response = tries.call().loop().headerMap();
        this.startNanos = System.nanoTime();
        StreamInfo info = tries.call().info();
        info.upstreamConnectionId = 0;
        info.upstreamProtocol = null;
        info.upstreamTls = null;
        info.upstreamLocalAddress = null;
        UpstreamLog logged = tries.call().config().upstreamLog;
        log = logged == null ? null : new TryLog(logged, tries.call(), this, startNanos);
    }

    void start() {
        StreamSpan request = tries.call().info().span;
        span = request == null
                ? null
                : request.attempt(
                        tries.call().info(),
                        endpoint.toString(),
                        tries.count(),
                        tries.call().config().startChildSpan);
        UpstreamListener listener = this;
        List<ChainFilter> configured = tries.call().upstreamFilters();
        UpstreamFilters f = configured.isEmpty() ? null : new UpstreamFilters(this, tries, configured);
        if (f != null) {
            filters = f;
            stream = f;
            listener = f;
            if (!f.admits()) {
                return;
            }
        }
        if (tries.call().terminatesConnect()) {
            tunnel = pools().acquireTcp(endpoint, listener);
        } else {
            injectTrace(request);
            pools().acquire(endpoint, priority(), listener);
        }
        if (f != null && !over) {
            tries.sendThrough(this, f);
        }
    }

    /** What is between the try and its connection; null when there is nothing. */
    @Nullable
    UpstreamFilters filters() {
        return filters;
    }

    /** Whether the request's body may be sent. */
    boolean isReady() {
        return stream != null && (headersSeen || !tries.call().tunnel());
    }

    boolean awaitingHeaders() {
        return !headersSeen;
    }

    private HttpStream downstream() {
        return tries.stream();
    }

    private ClusterPools pools() {
        return tries.call().pools();
    }

    private RequestPriority priority() {
        return tries.call().priority();
    }

    private Timeouts timeouts() {
        return tries.call().timeouts();
    }

    private ClusterStats stats() {
        return tries.call().cluster().stats();
    }

    // ---- the router's side ----

    void send(ByteBuf transferred, boolean endStream) {
        UpstreamStream s = stream;
        if (s == null || over) {
            transferred.release();
            return;
        }
        touch();
        bodySent += transferred.readableBytes();
        s.sendData(transferred, endStream);
    }

    void sendTrailers(HeaderMap trailers) {
        UpstreamStream s = stream;
        if (s != null && !over) {
            s.sendTrailers(trailers);
        }
    }

    /** The request is complete: the time of the try runs from now, if it did not run from the connection on. */
    void requestComplete() {
        if (connected && !over) {
            armPerTry();
        }
    }

    /** Gives the try up, wherever it is. Nothing more is told. */
    void cancel() {
        if (over) {
            return;
        }
        UpstreamStream s = stream;
        end();
        if (tunnel != null) {
            tunnel.reset();
        } else if (s == null) {
            pools().cancel(endpoint, priority(), this);
        } else {
            s.reset();
        }
    }

    void pauseResponse() {
        UpstreamStream s = stream;
        if (s != null && !over && !responsePaused) {
            responsePaused = true;
            s.pauseReads();
        }
    }

    void resumeResponse() {
        UpstreamStream s = stream;
        if (s != null && !over && responsePaused) {
            responsePaused = false;
            s.resumeReads();
        }
    }

    /** Tells the upstream which trace the request belongs to. */
    private void injectTrace(@Nullable StreamSpan request) {
        StreamSpan.AttemptSpan own = span;
        if (own != null) {
            own.inject(downstream().requestHeaders());
        } else if (request != null) {
            request.inject(downstream().requestHeaders());
        }
    }

    private void endSpan(@Nullable ResetReason failure) {
        StreamSpan.AttemptSpan own = span;
        if (own != null) {
            span = null;
            own.finish(downstream(), failure == null ? null : failure.text(), failure == null ? null : failure.flag());
        }
    }

    private void logFailure(ResetReason reason, @Nullable String transportFailure) {
        if (log != null && !over) {
            log.failed(reason, transportFailure);
        }
    }

    /** Lets go of everything but the headers. */
    private void end() {
        endSpan(null);
        if (!over) {
            stats().perTryTimeoutUsed(System.nanoTime() - startNanos, timeouts().perTryNanos);
            recordSizes();
            if (log != null) {
                log.end();
            }
        }
        over = true;
        stream = null;
        if (filters != null) {
            filters.end();
        }
        cancel(perTry);
        cancel(perTryIdle);
        cancel(duration);
        if (requestPaused) {
            requestPaused = false;
            downstream().resumeRequestReads();
        }
    }

    private void recordSizes() {
        ClusterStats.Sizes sizes = stats().sizes();
        if (sizes != null) {
            HeaderMap request = downstream().requestHeaders();
            sizes.request(request.byteSize(), request.size(), bodySent);
            if (headersSeen) {
                sizes.response(responseHeaderBytes, responseHeaderCount, bodyReceived);
            }
        }
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void armPerTry() {
        if (!perTryArmed && timeouts().perTryNanos > 0) {
            perTryArmed = true;
            perTry = downstream().loop().schedule(this::perTryTimeout, timeouts().perTryNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void touch() {
        if (timeouts().perTryIdleNanos > 0) {
            cancel(perTryIdle);
            perTryIdle = downstream()
                    .loop()
                    .schedule(this::perTryIdleTimeout, timeouts().perTryIdleNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void perTryTimeout() {
        // A response that has begun may take as long as the whole request may.
        if (over || tries.response().started()) {
            return;
        }
        if (tries.hedges()) {
            tries.onSlow(this);
        } else {
            endpoint.rqTimeout.increment();
            stats().rqPerTryTimeout.inc();
            logTimeout();
            tries.onPerTryTimeout(this, "upstream_per_try_timeout");
        }
    }

    private void perTryIdleTimeout() {
        if (!over) {
            endpoint.rqTimeout.increment();
            stats().rqPerTryIdleTimeout.inc();
            logTimeout();
            tries.onPerTryTimeout(this, "upstream_per_try_idle_timeout");
        }
    }

    private void logTimeout() {
        if (log != null) {
            log.timedOut();
        }
    }

    private void tooLong() {
        if (!over) {
            stats().rqMaxDurationReached.inc();
            tries.onMaxStreamDuration(this);
        }
    }

    // ---- the connection's side ----

    @Override
    public void onReady(UpstreamStream to) {
        connected = true;
        stream = filters == null ? to : filters;
        if (tries.requestEnded()) {
            armPerTry();
        }
        touch();
        long max = timeouts().tryDurationNanos > 0
                ? timeouts().tryDurationNanos
                : tries.call().cluster().config().http().maxStreamDurationNanos();
        if (max > 0) {
            duration = downstream().loop().schedule(this::tooLong, max, TimeUnit.NANOSECONDS);
        }
        StreamInfo info = tries.call().info();
        if (info.schemeOfUpstream) {
            downstream().requestHeaders().set(HeaderName.SCHEME, to.tls() == null ? "http" : "https");
        }
        info.upstreamPoolReadyNanos = System.nanoTime() - startNanos;
        info.upstreamConnectStartNanos = to.connectStartNanos();
        info.upstreamConnectEndNanos = to.connectEndNanos();
        info.upstreamConnectionId = to.connectionId();
        String protocol = to.protocol();
        StreamSpan.AttemptSpan own = span;
        if (protocol != null && own != null) {
            own.connected(protocol);
        }
        if (log != null) {
            log.ready(to);
        }
        tries.onReady(this, to);
    }

    @Override
    public void onMarks(Map<String, Object> marks) {
        downstream().info().takeMarks(marks);
    }

    @Override
    public void onPoolFailure(ResetReason reason, @Nullable String transportFailure) {
        logFailure(reason, transportFailure);
        endSpan(reason);
        end();
        if (reason == ResetReason.NO_CONNECTION_POOL) {
            tries.noHealthyUpstream();
            return;
        }
        tries.call().info().upstreamPoolReadyNanos = System.nanoTime() - startNanos;
        tries.response().onReset(this, reason, transportFailure, false);
    }

    @Override
    public boolean prefersHttp2() {
        return "HTTP/2".equals(downstream().info().protocol);
    }

    @Override
    public @Nullable String serverName(UpstreamHttpConfig.AutoSni how) {
        return ServerNames.of(how, downstream().requestHeaders());
    }

    @Override
    public @Nullable ConnectionInfo downstreamConnection() {
        return downstream().info().connection;
    }

    @Override
    public Map<String, FilterStateValue> sharedFilterState() {
        return downstream().info().sharedFilterState();
    }

    @Override
    public HeaderMap responseHeaders() {
        return response;
    }

    @Override
    public BytesMeter meter() {
        return tries.call().info().upstreamBytes;
    }

    @Override
    public void onInformational(HeaderMap headers) {
        tries.response().onInformational(this, headers);
    }

    @Override
    public void onHeaders(HeaderMap headers, boolean endStream) {
        headersSeen = true;
        if (log != null) {
            log.headers(headers);
        }
        if (stats().sizes() != null) {
            responseHeaderBytes = headers.byteSize();
            responseHeaderCount = headers.size();
        }
        if (span != null) {
            span.response((int) HeaderNumbers.of(headers, HeaderName.STATUS));
        }
        if (endStream) {
            end();
        } else {
            touch();
        }
        tries.response().onHeaders(this, headers, endStream);
    }

    @Override
    public void onData(ByteBuf transferred, boolean endStream) {
        StreamInfo info = tries.call().info();
        if (info.upstreamFirstBodyNanos == 0 && transferred.isReadable()) {
            info.upstreamFirstBodyNanos = System.nanoTime();
        }
        bodyReceived += transferred.readableBytes();
        if (endStream) {
            end();
        } else {
            touch();
        }
        tries.response().onData(this, transferred, endStream);
    }

    @Override
    public void onTrailers(HeaderMap trailers) {
        if (log != null) {
            log.trailers(trailers);
        }
        end();
        tries.response().onTrailers(this, trailers);
    }

    @Override
    public void onReset(ResetReason reason) {
        logFailure(reason, null);
        endSpan(reason);
        end();
        tries.response().onReset(this, reason, null, true);
    }

    @Override
    public void onWritable(boolean writable) {
        if (over || requestPaused == !writable) {
            return;
        }
        requestPaused = !writable;
        if (requestPaused) {
            downstream().pauseRequestReads();
        } else {
            downstream().resumeRequestReads();
        }
    }
}
