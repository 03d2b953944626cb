package dev.mishap.proxy.filter.http.grpcstats;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.http.StreamInfo;
import io.netty.buffer.ByteBuf;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Looks at gRPC calls as they pass; changes nothing. */
final class GrpcStatsFilter implements HttpFilter {
    private static final String GRPC = "application/grpc";

    private final GrpcStatsConfig config;
    private final MethodStats.Registry registry;
    private final Function<String, @Nullable Cluster> clusters;
    /** Null when the request is no gRPC call to a cluster. */
    private @Nullable MethodStats stats;

    private @Nullable MessageCounts counts;
    /** Whether the request is a gRPC call to a cluster, whatever its path, and its messages are to be left for access logs. */
    private boolean emits;

    private boolean grpcResponse;
    private final MessageCounter requestMessages = new MessageCounter();
    private final MessageCounter responseMessages = new MessageCounter();

    GrpcStatsFilter(
            GrpcStatsConfig config, MethodStats.Registry registry, Function<String, @Nullable Cluster> clusters) {
        this.config = config;
        this.registry = registry;
        this.clusters = clusters;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (stream.isGrpcRequest()) {
            SelectedRoute route = stream.route();
            String name = route == null ? null : route.clusterName();
            Cluster cluster = name == null ? null : clusters.apply(name);
            String target = headers.get(HeaderName.PATH);
            if (cluster != null && target != null) {
                emits = config.emitFilterState();
                stats = stats(cluster, target);
            }
        }
        return Flow.CONTINUE;
    }

    private static boolean isGrpc(HeaderMap response) {
        String type = response.get(HeaderName.CONTENT_TYPE);
        return type != null
                && "200".equals(response.get(HeaderName.STATUS))
                && type.startsWith(GRPC)
                && (type.length() == GRPC.length() || type.charAt(GRPC.length()) == '+');
    }

    private @Nullable MethodStats stats(Cluster cluster, String target) {
        String method = MethodStats.method(target, config.replaceDots());
        if (method == null) {
            return null;
        }
        int query = target.indexOf('?');
        boolean known = config.allMethods()
                || config.methods().contains(target.substring(1, query < 0 ? target.length() : query));
        return registry.of(cluster, known ? method : "");
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        MethodStats s = stats;
        if (s != null || emits) {
            int n = requestMessages.count(borrowed);
            if (n > 0 && s != null) {
                s.countRequestMessages(n);
            }
            if (n > 0 && emits) {
                counts(stream).requests += n;
            }
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        grpcResponse = isGrpc(headers);
        if (endStream) {
            ended(stream, headers);
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        MethodStats s = stats;
        if (grpcResponse && (s != null || emits)) {
            int n = responseMessages.count(borrowed);
            if (n > 0 && s != null) {
                s.countResponseMessages(n);
            }
            if (n > 0 && emits) {
                counts(stream).responses += n;
            }
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        ended(stream, trailers);
        return Flow.CONTINUE;
    }

    /** Those for access logs, which have them from the first message on. */
    private MessageCounts counts(HttpStream stream) {
        MessageCounts c = counts;
        if (c == null) {
            c = new MessageCounts();
            counts = c;
            stream.info().putFilterState(MessageCounts.KEY, c);
        }
        return c;
    }

    private void ended(HttpStream stream, HeaderMap trailers) {
        MethodStats s = stats;
        if (s == null) {
            return;
        }
        String status = trailers.get(HeaderName.GRPC_STATUS);
        if (status != null) {
            s.countStatus(status);
        }
        StreamInfo info = stream.info();
        if (config.upstreamTime() && info.upstreamLastTxNanos != 0) {
            long last = info.upstreamLastRxNanos != 0 ? info.upstreamLastRxNanos : stream.nanoTime();
            s.recordUpstreamTime(Math.max(0, last - info.upstreamLastTxNanos) / 1_000_000);
        }
    }
}
