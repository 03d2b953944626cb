package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.http.AccessLogType;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.ResponseHeaders;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.UpstreamStream;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What is logged of one try. To it, the upstream is who it receives from and sends to. */
final class TryLog {
    private final UpstreamLog config;
    private final Call call;
    private final Attempt attempt;
    private final StreamInfo info = new StreamInfo();
    /** As they came: those that go downstream are changed on their way. */
    private @Nullable HeaderMap response;

    private @Nullable HeaderMap trailers;
    private final @Nullable Future<?> periodic;

    TryLog(UpstreamLog config, Call call, Attempt attempt, long now) {
        this.config = config;
        this.call = call;
        this.attempt = attempt;
        Endpoint endpoint = attempt.endpoint;
        StreamInfo of = call.info();
        info.startNanos = now;
        info.startTimeEpochNanos = of.startTimeEpochNanos + now - of.startNanos;
        if (of.connection != null) {
            info.on(of.connection);
        }
        info.downstreamRemoteAddress = of.downstreamRemoteAddress;
        info.streamId = of.streamId;
        info.routeName = of.routeName;
        info.routeMetadata = of.routeMetadata;
        info.virtualHostMetadata = of.virtualHostMetadata;
        info.upstreamCluster = of.upstreamCluster;
        info.upstreamClusterRaw = of.upstreamClusterRaw;
        info.clusterMetadata = of.clusterMetadata;
        info.upstreamHost = endpoint.address();
        info.upstreamHostName = endpoint.hostname();
        info.upstreamHostMetadata = endpoint.metadata();
        long interval = config.intervalNanos();
        periodic = interval == 0
                ? null
                : call.stream()
                        .loop()
                        .scheduleAtFixedRate(
                                () -> write(AccessLogType.UPSTREAM_PERIODIC), interval, interval, TimeUnit.NANOSECONDS);
    }

    void ready(UpstreamStream to) {
        info.protocol = info.upstreamProtocol = to.protocol();
        info.upstreamTls = to.tls();
        info.upstreamLocalAddress = to.localAddress();
        info.upstreamElsewhere = to.elsewhere();
        info.upstreamConnectionId = to.connectionId();
        info.upstreamConnectStartNanos = to.connectStartNanos();
        info.upstreamConnectEndNanos = to.connectEndNanos();
        info.upstreamPoolReadyNanos = System.nanoTime() - info.startNanos;
        if (config.onReady()) {
            write(AccessLogType.UPSTREAM_POOL_READY);
        }
    }

    void headers(HeaderMap headers) {
        HeaderMap copy = new HeaderMap();
        copy.copyFrom(headers);
        response = copy;
        info.responseCode = ResponseHeaders.status(headers);
    }

    void trailers(HeaderMap trailers) {
        this.trailers = trailers;
    }

    void failed(ResetReason reason, @Nullable String transportFailure) {
        info.addFlag(reason.flag());
        info.upstreamTransportFailureReason = transportFailure;
    }

    void timedOut() {
        info.addFlag(ResponseFlag.UPSTREAM_REQUEST_TIMEOUT);
    }

    /** The try is over. */
    void end() {
        if (periodic != null) {
            periodic.cancel(false);
        }
        info.endNanos = System.nanoTime();
        write(AccessLogType.UPSTREAM_END);
    }

    private void write(AccessLogType type) {
        info.upstreamBytes.copyFrom(call.info().upstreamBytes);
        info.bytesSent = attempt.bodySent;
        info.bytesReceived = attempt.bodyReceived;
        info.accessLogType = type;
        config.log().log(info, call.stream().requestHeaders(), response, trailers);
    }
}
