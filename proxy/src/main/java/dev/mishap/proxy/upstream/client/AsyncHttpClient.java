package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.channel.EventLoop;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Requests from inside the proxy to a cluster of its configuration, with the cluster's load balancing, connections, limits and
 * stats. One a process; may be used on every loop.
 */
public final class AsyncHttpClient {
    private final Upstreams upstreams;
    private final Function<String, @Nullable Cluster> clusters;
    private final Counter requests;

    /**
     * A client.
     *
     * @param clusters finds a cluster by its name, null when there is none
     * @param requests counts what is sent, {@code http.async-client.rq_total}
     */
    public AsyncHttpClient(Upstreams upstreams, Function<String, @Nullable Cluster> clusters, Counter requests) {
        this.upstreams = upstreams;
        this.clusters = clusters;
        this.requests = requests;
    }

    /**
     * Sends a request that doesn't tell this machine's address ({@code x-forwarded-for}): one that is made in the name of
     * somebody else. Else as {@link #send}.
     */
    public @Nullable AsyncHttpCall sendAnonymously(
            String cluster, EventLoop loop, AsyncHttpRequest request, AsyncHttpCallbacks callbacks) {
        return send(cluster, loop, request, callbacks, false);
    }

    /**
     * Sends a request on {@code loop}, from which this is called. The callbacks may be told before this returns.
     *
     * @return the request, to be cancelled; null when the cluster is not there, which the callbacks were told
     */
    public @Nullable AsyncHttpCall send(
            String cluster, EventLoop loop, AsyncHttpRequest request, AsyncHttpCallbacks callbacks) {
        return send(cluster, loop, request, callbacks, true);
    }

    private @Nullable AsyncHttpCall send(
            String cluster,
            EventLoop loop,
            AsyncHttpRequest request,
            AsyncHttpCallbacks callbacks,
            boolean forwardedFor) {
        Cluster c = clusters.apply(cluster);
        if (c == null) {
            callbacks.onFailure(AsyncFailure.NO_CLUSTER);
            return null;
        }
        requests.inc();
        HeaderMap headers = request.headers();
        long perTry = request.perTryNanos();
        InternalHeaders.addTo(headers, perTry > 0 ? perTry : request.timeoutNanos(), forwardedFor);
        AsyncHttpCall call = new AsyncHttpCall(upstreams, c, loop, request, callbacks);
        call.start();
        return call;
    }
}
