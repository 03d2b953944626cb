package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.RequestPriority;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.Upgrades;
import dev.mishap.proxy.route.ForwardAction;
import dev.mishap.proxy.route.RouteEntry;
import dev.mishap.proxy.route.UpgradePolicy;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ProxiedConnection;
import dev.mishap.proxy.upstream.ClusterPools;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
    private static final byte[] POST = {'P', 'O', 'S', 'T'};

    StreamInfo info() {
        return stream.info();
    }

    /** Whether what the request carries goes upstream as bytes, without the request. */
    boolean terminatesConnect() {
        UpgradePolicy.Connect connect = action.upgrades().connect();
        if (connect == null) {
            return false;
        }
        HeaderMap headers = stream.requestHeaders();
        return Upgrades.isConnect(headers)
                || connect.allowPost() && headers.valueEquals(headers.indexOf(HeaderName.METHOD), POST);
    }

    /** The PROXY header before what the request carries. */
    @Nullable
    ByteBuf connectHeader() {
        UpgradePolicy.Connect connect = action.upgrades().connect();
        ConnectionInfo client = info().connection;
        return connect == null || connect.header() == null || client == null || !terminatesConnect()
                ? null
                : connect.header().write(ProxiedConnection.of(client));
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

    /** The filters that each try passes: the cluster's, or else the router's. */
    List<ChainFilter> upstreamFilters() {
        List<ChainFilter> own = cluster().upstreamFilters();
        return own.isEmpty() ? config.upstreamFilters : own;
    }

    void upstreamHost(Endpoint endpoint) {
        StreamInfo info = info();
        info.upstreamHost = endpoint.address();
        info.upstreamElsewhere = null;
        info.upstreamHostName = endpoint.hostname();
        info.upstreamHostMetadata = endpoint.metadata();
    }
}
