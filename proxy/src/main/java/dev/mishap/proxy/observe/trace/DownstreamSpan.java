package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.RouteTracing;
import dev.mishap.proxy.http.SpanTag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.StreamSpan;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What Envoy tells of a request in its span; the names of tags are Envoy's. */
final class DownstreamSpan implements StreamSpan {
    private static final HeaderName ORIGINAL_PATH = HeaderName.of("x-envoy-original-path");
    private static final HeaderName DOWNSTREAM_CLUSTER = HeaderName.of("x-envoy-downstream-service-cluster");
    private static final HeaderName CLIENT_TRACE_ID = HeaderName.of("x-client-trace-id");
    private static final HeaderName GRPC_TIMEOUT = HeaderName.of("grpc-timeout");
    /** Where faults leave their marks in the dynamic metadata. */
    private static final String FAULT_METADATA = "mishap";

    private final TracingConfig config;
    private final RouteTracing route;
    private final Span span;
    private final String operation;

    /** @param operation that the response is to tell, {@code ""} = none */
    DownstreamSpan(TracingConfig config, RouteTracing route, Span span, String operation) {
        this.config = config;
        this.route = route;
        this.span = span;
        this.operation = operation;
    }

    @Override
    public String traceId() {
        return span.traceId();
    }

    @Override
    public @Nullable String spanId() {
        return span.spanId();
    }

    @Override
    public boolean sampled() {
        return span.sampled();
    }

    @Override
    public void inject(HeaderMap request) {
        span.inject(request);
    }

    @Override
    public @Nullable AttemptSpan attempt(StreamInfo info, String endpoint, int count, boolean always) {
        if (!always && !config.spawnUpstreamSpan()) {
            return null;
        }
        Span child = span.child("router " + info.upstreamCluster + " egress", epochNanos(info, System.nanoTime()));
        if (count > 1) {
            child.tag("retry.count", Integer.toString(count - 1));
        }
        return new UpstreamSpan(child, endpoint);
    }

    @Override
    public void onResponse(HeaderMap response) {
        if (config.outbound()) {
            String given = response.get(RequestTracing.DECORATOR_OPERATION);
            if (given != null) {
                if (!given.isEmpty()) {
                    span.name(given);
                }
                response.remove(RequestTracing.DECORATOR_OPERATION);
            }
        } else if (!operation.isEmpty()) {
            response.set(RequestTracing.DECORATOR_OPERATION, operation);
        }
    }

    static long epochNanos(StreamInfo info, long nanos) {
        return info.startTimeEpochNanos + (nanos - info.startNanos);
    }

    @Override
    public void finish(HttpStream stream) {
        StreamInfo info = stream.info();
        if (span.sampled()) {
            request(stream.requestHeaders(), info);
            span.tag("request_size", Long.toString(info.bytesReceived));
            span.tag("response_size", Long.toString(info.bytesSent));
            common(span, info, info.responseCode);
            if (stream.isGrpcRequest()) {
                grpc(stream.responseHeaders(), stream.responseTrailers());
            }
            span.tag("node_id", config.nodeId());
            span.tag("zone", config.zone());
            custom(span, info, stream.requestHeaders());
            fault(info);
            if (config.verbose()) {
                verbose(info);
            }
        }
        span.finish(epochNanos(info, info.endNanos));
    }

    private void request(HeaderMap request, StreamInfo info) {
        copy(request, HeaderName.X_REQUEST_ID, "guid:x-request-id");
        span.tag("http.url", url(request));
        copy(request, HeaderName.METHOD, "http.method");
        span.tag("downstream_cluster", orDash(request.get(DOWNSTREAM_CLUSTER)));
        span.tag("user_agent", orDash(request.get(HeaderName.USER_AGENT)));
        span.tag("http.protocol", orDash(info.protocol));
        InetSocketAddress peer = info.downstreamDirectRemoteAddress;
        if (peer != null) {
            InetAddress ip = peer.getAddress();
            span.tag("peer.address", ip == null ? peer.getHostString() : NetUtil.toAddressString(ip));
        }
        copy(request, CLIENT_TRACE_ID, "guid:x-client-trace-id");
        int type = request.indexOf(HeaderName.CONTENT_TYPE);
        if (type >= 0 && request.value(type).startsWith("application/grpc")) {
            copy(request, HeaderName.PATH, "grpc.path");
            copy(request, HeaderName.AUTHORITY, "grpc.authority");
            copy(request, HeaderName.CONTENT_TYPE, "grpc.content_type");
            copy(request, GRPC_TIMEOUT, "grpc.timeout");
        }
    }

    private void copy(HeaderMap headers, HeaderName name, String tag) {
        String value = headers.get(name);
        if (value != null) {
            span.tag(tag, value);
        }
    }

    private static String orDash(@Nullable String value) {
        return value == null || value.isEmpty() ? "-" : value;
    }

    private String url(HeaderMap request) {
        String path = request.get(ORIGINAL_PATH);
        if (path == null) {
            path = request.get(HeaderName.PATH);
        }
        if (path == null) {
            path = "";
        }
        if (path.length() > config.maxPathTagLength()) {
            path = path.substring(0, config.maxPathTagLength());
        }
        String scheme = request.get(HeaderName.X_FORWARDED_PROTO);
        String host = request.get(HeaderName.AUTHORITY);
        return (scheme == null ? "" : scheme) + "://" + (host == null ? "" : host) + path;
    }

    /** Tags that both kinds of span have. */
    static void common(Span span, StreamInfo info, int status) {
        span.tag("component", "proxy");
        String cluster = info.upstreamClusterRaw;
        if (cluster != null) {
            String shown = info.upstreamCluster;
            span.tag("upstream_cluster", cluster);
            span.tag("upstream_cluster.name", shown == null ? cluster : shown);
        }
        span.tag("http.status_code", Integer.toString(status));
        span.tag("response_flags", flags(info));
        if (status == 0 || status >= 500) {
            span.tag("error", "true");
        }
    }

    private static String flags(StreamInfo info) {
        if (info.flagCount() == 0) {
            return "-";
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < info.flagCount(); i++) {
            ResponseFlag flag = info.flag(i);
            out.append(i == 0 ? "" : ",").append(flag.shortName());
        }
        return out.toString();
    }

    private void grpc(@Nullable HeaderMap headers, @Nullable HeaderMap trailers) {
        HeaderMap from = trailers != null && trailers.contains(HeaderName.GRPC_STATUS) ? trailers : headers;
        String status = from == null ? null : from.get(HeaderName.GRPC_STATUS);
        if (from == null || status == null) {
            return;
        }
        span.tag("grpc.status_code", status);
        copy(from, HeaderName.GRPC_MESSAGE, "grpc.message");
        switch (status) {
            // those that tell of the server's trouble, not of the request's
            case "2", "4", "12", "13", "14", "15" -> span.tag("error", "true");
            default -> {}
        }
    }

    private void custom(Span to, StreamInfo info, HeaderMap request) {
        for (SpanTag tag : route.tags()) {
            tag(to, tag, info, request);
        }
        for (SpanTag tag : config.tags()) {
            if (!names(route.tags(), tag.name())) {
                tag(to, tag, info, request);
            }
        }
    }

    private static void tag(Span to, SpanTag tag, StreamInfo info, HeaderMap request) {
        String value = tag.value(info, request);
        if (value != null && !value.isEmpty()) {
            to.tag(tag.name(), value);
        }
    }

    private static boolean names(List<SpanTag> tags, String name) {
        for (SpanTag tag : tags) {
            if (tag.name().equals(name)) {
                return true;
            }
        }
        return false;
    }

    /** A request that a rule touched says by which experiment, so that a trace tells the noise from the signal. */
    private void fault(StreamInfo info) {
        Map<String, Object> marks = info.dynamicMetadata(FAULT_METADATA);
        if (marks == null) {
            return;
        }
        marks.forEach((key, value) -> span.tag("mishap." + key, String.valueOf(value)));
        span.event(info.startTimeEpochNanos, "mishap.fault");
    }

    private void verbose(StreamInfo info) {
        event(info, info.requestEndNanos, "last_downstream_rx_byte_received");
        event(info, info.upstreamFirstTxNanos, "first_upstream_tx_byte_sent");
        event(info, info.upstreamLastTxNanos, "last_upstream_tx_byte_sent");
        event(info, info.upstreamFirstRxNanos, "first_upstream_rx_byte_received");
        event(info, info.upstreamLastRxNanos, "last_upstream_rx_byte_received");
        event(info, info.downstreamFirstTxNanos, "first_downstream_tx_byte_sent");
        event(info, info.endNanos, "last_downstream_tx_byte_sent");
    }

    private void event(StreamInfo info, long nanos, String name) {
        if (nanos != 0) {
            span.event(epochNanos(info, nanos), name);
        }
    }

    /** One try. */
    private final class UpstreamSpan implements AttemptSpan {
        private final Span own;
        private final String endpoint;
        private String protocol = "-";
        private int status;
        private boolean over;

        UpstreamSpan(Span own, String endpoint) {
            this.own = own;
            this.endpoint = endpoint;
        }

        @Override
        public void inject(HeaderMap request) {
            own.inject(request);
        }

        @Override
        public void connected(String with) {
            protocol = with;
        }

        @Override
        public void response(int code) {
            status = code;
        }

        @Override
        public void finish(HttpStream stream, @Nullable String failure, @Nullable ResponseFlag flag) {
            if (over) {
                return;
            }
            over = true;
            StreamInfo info = stream.info();
            if (own.sampled()) {
                own.tag("upstream_address", endpoint);
                own.tag("peer.address", endpoint);
                own.tag("http.protocol", protocol);
                common(own, info, status);
                if (flag != null && info.flagCount() == 0) {
                    own.tag("response_flags", flag.shortName());
                }
                if (failure != null) {
                    own.tag("error.reason", failure);
                }
                custom(own, info, stream.requestHeaders());
            }
            own.finish(epochNanos(info, System.nanoTime()));
        }
    }
}
