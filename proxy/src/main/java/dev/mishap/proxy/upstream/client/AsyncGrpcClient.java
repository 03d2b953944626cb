package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * gRPC calls from inside the proxy to a cluster of its configuration, whose endpoints have to speak HTTP/2. One a process; may be
 * used on every loop.
 */
public final class AsyncGrpcClient {
    /** Of one message from a server, as gRPC's own libraries have it. */
    public static final int DEFAULT_MAX_MESSAGE_BYTES = 4 << 20;

    private static final HeaderName GRPC_TIMEOUT = HeaderName.of("grpc-timeout");
    private static final long MAX_TIMEOUT_DIGITS = 99_999_999;

    private final Upstreams upstreams;
    private final Function<String, @Nullable Cluster> clusters;
    private final Counter requests;

    /**
     * A client.
     *
     * @param clusters finds a cluster by its name, null when there is none
     * @param requests counts what is sent, {@code http.async-client.rq_total}
     */
    public AsyncGrpcClient(Upstreams upstreams, Function<String, @Nullable Cluster> clusters, Counter requests) {
        this.upstreams = upstreams;
        this.clusters = clusters;
        this.requests = requests;
    }

    /** Whether the service's cluster is there. */
    public boolean isAvailable(GrpcService service) {
        return clusters.apply(service.cluster()) != null;
    }

    /**
     * Sends one message and ends the request, within the service's timeout. Called on {@code loop}; the callbacks may be told
     * before this returns.
     *
     * @param method {@code /package.Service/Method}
     * @return the call, to be given up by {@link GrpcStream#reset}; null when it is over already
     */
    public @Nullable GrpcStream unary(
            GrpcService service, String method, EventLoop loop, ProtoWriter message, GrpcCallbacks callbacks) {
        return start(
                service, method, loop, message, true, service.timeoutNanos(), DEFAULT_MAX_MESSAGE_BYTES, callbacks);
    }

    /**
     * Opens a stream without an end in time. Called on {@code loop}; the callbacks may be told before this returns.
     *
     * @return the stream, or null when it is over already
     */
    public @Nullable GrpcStream stream(
            GrpcService service, String method, EventLoop loop, int maxMessageBytes, GrpcCallbacks callbacks) {
        return start(service, method, loop, null, false, 0, maxMessageBytes, callbacks);
    }

    private @Nullable GrpcStream start(
            GrpcService service,
            String method,
            EventLoop loop,
            @Nullable ProtoWriter message,
            boolean end,
            long timeoutNanos,
            int maxMessageBytes,
            GrpcCallbacks callbacks) {
        Cluster cluster = clusters.apply(service.cluster());
        if (cluster == null) {
            callbacks.onClose(new GrpcStatus(GrpcStatus.UNAVAILABLE, AsyncFailure.NO_CLUSTER.text()));
            return null;
        }
        requests.inc();
        HeaderMap headers = headers(service, method, timeoutNanos);
        int most = service.options().maxMessageBytes();
        GrpcStream stream =
                new GrpcStream(upstreams, cluster, loop, headers, most == 0 ? maxMessageBytes : most, callbacks);
        GrpcRetries retries = end ? service.options().retries() : null;
        if (retries != null) {
            stream.retry(retries, timeoutNanos);
        }
        stream.start(message, end, timeoutNanos);
        return stream.isOver() ? null : stream;
    }

    private static HeaderMap headers(GrpcService service, String method, long timeoutNanos) {
        HeaderMap headers = AsyncHttpRequest.head("POST", service.authority(), method);
        headers.add(HeaderName.TE, "trailers");
        if (timeoutNanos > 0) {
            headers.add(GRPC_TIMEOUT, timeout(timeoutNanos));
        }
        headers.add(HeaderName.CONTENT_TYPE, "application/grpc");
        List<String> metadata = service.metadata();
        for (int i = 0; i < metadata.size(); i += 2) {
            headers.add(HeaderName.of(metadata.get(i)), metadata.get(i + 1));
        }
        if (!service.options().bare()) {
            InternalHeaders.addTo(headers, 0, true); // its time-out is told by grpc-timeout
        }
        return headers;
    }

    /** As a {@code grpc-timeout}: at most eight digits and a unit. */
    static String timeout(long nanos) {
        long n = (nanos + 999_999) / 1_000_000;
        String units = "mSMH";
        int[] perUnit = {1000, 60, 60};
        int unit = 0;
        while (n > MAX_TIMEOUT_DIGITS && unit < perUnit.length) {
            n /= perUnit[unit++];
        }
        return Math.min(n, MAX_TIMEOUT_DIGITS) + units.substring(unit, unit + 1);
    }
}
