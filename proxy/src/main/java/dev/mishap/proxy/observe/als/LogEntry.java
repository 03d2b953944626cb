package dev.mishap.proxy.observe.als;

import dev.mishap.proxy.http.AccessLogType;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.SpanTag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes entries of {@code envoy.data.accesslog.v3}. Immutable. */
final class LogEntry {
    private static final HeaderName ORIGINAL_PATH = HeaderName.of("x-envoy-original-path");
    private static final HeaderName REFERER = HeaderName.of("referer");
    private static final List<String> METHODS =
            List.of("", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");
    /** The number of the field of ResponseFlags by flag. */
    private static final int[] FLAG_FIELDS = flagFields();

    private final List<SpanTag> tags;
    private final List<HeaderName> requestHeaders;
    private final List<HeaderName> responseHeaders;
    private final List<HeaderName> responseTrailers;

    LogEntry(
            List<SpanTag> tags,
            List<HeaderName> requestHeaders,
            List<HeaderName> responseHeaders,
            List<HeaderName> responseTrailers) {
        this.tags = tags;
        this.requestHeaders = requestHeaders;
        this.responseHeaders = responseHeaders;
        this.responseTrailers = responseTrailers;
    }

    private static int[] flagFields() {
        int[] fields = new int[ResponseFlag.values().length];
        for (ResponseFlag flag : ResponseFlag.values()) {
            fields[flag.ordinal()] = flagField(flag);
        }
        return fields;
    }

    private static int flagField(ResponseFlag flag) {
        return switch (flag) {
            case FAILED_LOCAL_HEALTH_CHECK -> 1;
            case NO_HEALTHY_UPSTREAM -> 2;
            case UPSTREAM_REQUEST_TIMEOUT -> 3;
            case LOCAL_RESET -> 4;
            case UPSTREAM_REMOTE_RESET -> 5;
            case UPSTREAM_CONNECTION_FAILURE -> 6;
            case UPSTREAM_CONNECTION_TERMINATION -> 7;
            case UPSTREAM_OVERFLOW -> 8;
            case NO_ROUTE_FOUND -> 9;
            case DELAY_INJECTED -> 10;
            case FAULT_INJECTED -> 11;
            case RATE_LIMITED -> 12;
            case UNAUTHORIZED_EXTERNAL_SERVICE -> 13;
            case RATELIMIT_SERVICE_ERROR -> 14;
            case DOWNSTREAM_CONNECTION_TERMINATION -> 15;
            case UPSTREAM_RETRY_LIMIT_EXCEEDED -> 16;
            case STREAM_IDLE_TIMEOUT -> 17;
            case INVALID_ENVOY_REQUEST_HEADERS -> 18;
            case DOWNSTREAM_PROTOCOL_ERROR -> 19;
            case UPSTREAM_MAX_STREAM_DURATION_REACHED -> 20;
            case RESPONSE_FROM_CACHE_FILTER -> 21;
            case NO_FILTER_CONFIG_FOUND -> 22;
            case DURATION_TIMEOUT -> 23;
            case UPSTREAM_PROTOCOL_ERROR -> 24;
            case NO_CLUSTER_FOUND -> 25;
            case OVERLOAD_MANAGER -> 26;
            case DNS_RESOLUTION_FAILED -> 27;
            case DOWNSTREAM_REMOTE_RESET -> 28;
            default -> 0;
        };
    }

    void http(
            ProtoWriter out,
            StreamInfo info,
            HeaderMap request,
            @Nullable HeaderMap response,
            @Nullable HeaderMap trailers) {
        common(out, info, request);
        String protocol = info.protocol;
        out.varint(2, protocol == null ? 0 : version(protocol));
        request(out, info, request);
        response(out, info, response, trailers);
    }

    void tcp(ProtoWriter out, StreamInfo info, HeaderMap request) {
        common(out, info, request);
        int bytes = out.begin(2);
        out.varint(1, info.bytesReceived).varint(2, info.bytesSent);
        out.end(bytes);
    }

    private static int version(String protocol) {
        return switch (protocol) {
            case "HTTP/1.0" -> 1;
            case "HTTP/1.1" -> 2;
            case "HTTP/2" -> 3;
            default -> 0;
        };
    }

    private void common(ProtoWriter out, StreamInfo info, HeaderMap request) {
        int common = out.begin(1);
        address(out, 2, info.downstreamRemoteAddress);
        address(out, 3, info.downstreamLocalAddress);
        tls(out, info.connection);
        if (info.startTimeEpochNanos != 0) {
            out.time(5, info.startTimeEpochNanos / 1000 * 1000);
        }
        since(out, 6, info, info.requestEndNanos);
        since(out, 7, info, info.upstreamFirstTxNanos);
        since(out, 8, info, info.upstreamLastTxNanos);
        since(out, 9, info, info.upstreamFirstRxNanos);
        since(out, 10, info, info.upstreamLastRxNanos);
        since(out, 11, info, info.downstreamFirstTxNanos);
        since(out, 12, info, info.downstreamFirstTxNanos == 0 ? 0 : info.endNanos);
        SocketAddress elsewhere = info.upstreamElsewhere;
        address(out, 13, elsewhere == null ? info.upstreamHost : elsewhere);
        address(out, 14, info.upstreamLocalAddress);
        out.string(15, info.upstreamCluster);
        flags(out, info);
        metadata(out, info);
        String failure = info.upstreamTransportFailureReason;
        out.string(18, failure == null ? null : failure.replace('_', ' '));
        out.string(19, info.routeName);
        address(out, 20, info.downstreamDirectRemoteAddress);
        for (SpanTag tag : tags) {
            String value = tag.value(info, request);
            if (value != null) {
                entry(out, 22, tag.name(), value);
            }
        }
        since(out, 23, info, info.endNanos);
        out.varint(24, info.upstreamRequestAttemptCount);
        out.string(25, info.connectionTerminationDetails);
        out.string(26, streamId(info, request));
        AccessLogType type = info.accessLogType;
        out.bool(27, type != AccessLogType.DOWNSTREAM_END && type != AccessLogType.TCP_CONNECTION_END);
        ConnectionInfo connection = info.connection;
        out.string(28, connection == null ? null : connection.transportFailureReason);
        out.varint(29, info.downstreamBytes.wireSent);
        out.varint(30, info.downstreamBytes.wireReceived);
        out.varint(31, info.upstreamBytes.wireSent);
        out.varint(32, info.upstreamBytes.wireReceived);
        out.varint(33, info.accessLogType.number());
        out.end(common);
    }

    private static @Nullable String streamId(StreamInfo info, HeaderMap request) {
        String id = request.get(HeaderName.X_REQUEST_ID);
        ConnectionInfo connection = info.connection;
        return id != null || connection == null ? id : connection.streamId();
    }

    private static void address(ProtoWriter out, int field, @Nullable SocketAddress at) {
        if (at == null) {
            return;
        }
        if (!(at instanceof InetSocketAddress address)) {
            int outer = out.begin(field);
            int pipe = out.begin(2);
            out.string(1, at.toString());
            out.end(pipe);
            out.end(outer);
            return;
        }
        InetAddress ip = address.getAddress();
        int outer = out.begin(field);
        int socket = out.begin(1);
        out.string(2, ip == null ? address.getHostString() : NetUtil.toAddressString(ip));
        out.varintAlways(3, address.getPort());
        out.end(socket);
        out.end(outer);
    }

    private static void since(ProtoWriter out, int field, StreamInfo info, long nanos) {
        if (nanos != 0) {
            out.time(field, nanos - info.startNanos);
        }
    }

    private static void flags(ProtoWriter out, StreamInfo info) {
        if (info.flagCount() == 0) {
            return;
        }
        int flags = out.begin(16);
        for (int i = 0; i < info.flagCount(); i++) {
            int field = FLAG_FIELDS[info.flag(i).ordinal()];
            if (info.flag(i) == ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE) {
                int details = out.begin(field);
                out.varint(1, 1);
                out.end(details);
            } else if (field != 0) {
                out.bool(field, true);
            }
        }
        out.end(flags);
    }

    private static void metadata(ProtoWriter out, StreamInfo info) {
        Map<String, Map<String, Object>> all = info.allDynamicMetadata();
        if (all.isEmpty()) {
            return;
        }
        int metadata = out.begin(17);
        all.forEach((namespace, fields) -> {
            int entry = out.begin(1);
            out.string(1, namespace).struct(2, fields);
            out.end(entry);
        });
        out.end(metadata);
    }

    private static void tls(ProtoWriter out, @Nullable ConnectionInfo connection) {
        TlsSession session = connection == null ? null : connection.tls;
        if (connection == null || session == null) {
            return;
        }
        int tls = out.begin(4);
        out.varint(
                1,
                switch (session.version()) {
                    case "TLSv1" -> 1;
                    case "TLSv1.1" -> 2;
                    case "TLSv1.2" -> 3;
                    case "TLSv1.3" -> 4;
                    default -> 0;
                });
        out.string(3, connection.requestedServerName);
        if (!session.peerCertificates().isEmpty()) {
            int peer = out.begin(5);
            out.string(
                    2,
                    session.peerCertificates().get(0).getSubjectX500Principal().getName());
            out.end(peer);
        }
        out.string(6, session.sessionId());
        out.string(7, connection.ja3);
        out.end(tls);
    }

    private static void entry(ProtoWriter out, int field, String key, String value) {
        int entry = out.begin(field);
        out.string(1, key).string(2, value);
        out.end(entry);
    }

    private void request(ProtoWriter out, StreamInfo info, HeaderMap headers) {
        int request = out.begin(3);
        String method = headers.get(HeaderName.METHOD);
        out.varint(1, method == null ? 0 : Math.max(0, METHODS.indexOf(method)));
        out.string(2, headers.get(HeaderName.SCHEME));
        out.string(3, headers.get(HeaderName.AUTHORITY));
        out.string(5, headers.get(HeaderName.PATH));
        out.string(6, headers.get(HeaderName.USER_AGENT));
        out.string(7, headers.get(REFERER));
        out.string(8, headers.get(HeaderName.X_FORWARDED_FOR));
        out.string(9, headers.get(HeaderName.X_REQUEST_ID));
        out.string(10, headers.get(ORIGINAL_PATH));
        out.varint(11, headers.byteSize());
        out.varint(12, info.bytesReceived);
        headers(out, 13, headers, requestHeaders);
        out.varint(14, info.upstreamBytes.headerSent);
        out.varint(15, info.downstreamBytes.headerReceived);
        out.end(request);
    }

    private void response(ProtoWriter out, StreamInfo info, @Nullable HeaderMap headers, @Nullable HeaderMap trailers) {
        int response = out.begin(4);
        if (info.responseCode != 0) {
            int code = out.begin(1);
            out.varint(1, info.responseCode);
            out.end(code);
        }
        if (headers != null) {
            out.varint(2, headers.byteSize());
        }
        out.varint(3, info.bytesSent);
        if (headers != null) {
            headers(out, 4, headers, responseHeaders);
        }
        if (trailers != null) {
            headers(out, 5, trailers, responseTrailers);
        }
        out.string(6, info.responseCodeDetails);
        out.varint(7, info.upstreamBytes.headerReceived);
        out.varint(8, info.downstreamBytes.headerSent);
        out.end(response);
    }

    private static void headers(ProtoWriter out, int field, HeaderMap headers, List<HeaderName> names) {
        for (int k = 0; k < names.size(); k++) {
            HeaderName name = names.get(k);
            String value = null;
            for (int i = headers.indexOf(name); i >= 0; i = headers.indexOf(name, i + 1)) {
                value = value == null ? headers.value(i) : value + "," + headers.value(i);
            }
            if (value != null) {
                entry(out, field, name.text(), value);
            }
        }
    }
}
