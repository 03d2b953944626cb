package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.Upgrades;
import dev.mishap.proxy.route.ForwardAction;
import dev.mishap.proxy.route.RouteEntry;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.Upstreams;

/**
 * What is the same for all tries of one forwarded request.
 *
 * @param tunnel whether the request is a CONNECT or asks for a WebSocket: what it carries waits for the answer
 * @param timeoutStatus what a request that took too long is answered: 504, or 204 when it asked for that
 */
record Call(
        RouterConfig config,
        HttpStream stream,
        RouteEntry entry,
        ForwardAction action,
        Upstreams.OnLoop loop,
        ClusterPools pools,
        RequestPriority priority,
        RequestStats stats,
        Timeouts timeouts,
        boolean grpc,
        boolean tunnel,
        int timeoutStatus) {

    StreamInfo info() {
        return stream.info();
    }

    /** Whether what a CONNECT carries goes upstream as bytes, without the CONNECT. */
    boolean terminatesConnect() {
        return tunnel && action.upgrades().terminatesConnect() && Upgrades.isConnect(stream.requestHeaders());
    }

    /**
     * Whether a response denies the WebSocket that was asked for, and is to end with its headers. An error goes on as it is, and
     * what HTTP/2 brings has been looked at already.
     */
    boolean handshakeFailed(int status) {
        return tunnel
                && status != 101
                && status < 400
                && "HTTP/1.1".equals(info().upstreamProtocol)
                && !Upgrades.isConnect(stream.requestHeaders());
    }

    Cluster cluster() {
        return pools.cluster();
    }

    void upstreamHost(Endpoint endpoint) {
        StreamInfo info = info();
        info.upstreamHost = endpoint.address();
        info.upstreamHostName = endpoint.hostname();
        info.upstreamHostMetadata = endpoint.metadata();
    }
}
