package dev.mishap.proxy.http;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a connection manager checks and changes in a request before the filters see it: host and path, who the client is, which
 * headers it may set, the request id. Confined to one event loop.
 */
final class RequestHeaders {
    private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");
    private static final HeaderName EXTERNAL_ADDRESS = HeaderName.of("x-envoy-external-address");
    private static final HeaderName VIA = HeaderName.of("via");
    private static final HeaderName SERVICE_CLUSTER = HeaderName.of("x-envoy-downstream-service-cluster");
    private static final HeaderName SERVICE_NODE = HeaderName.of("x-envoy-downstream-service-node");

    // Headers that tell the proxies behind us what to do; only those whom we trust may set them.
    private static final HeaderName[] EDGE_ONLY = names(
            "x-envoy-decorator-operation",
            "x-envoy-downstream-service-cluster",
            "x-envoy-downstream-service-node",
            "x-envoy-original-path",
            "x-envoy-original-host");
    private static final HeaderName[] INTERNAL_ONLY = names(
            "x-envoy-retriable-status-codes",
            "x-envoy-retriable-header-names",
            "x-envoy-retry-on",
            "x-envoy-retry-grpc-on",
            "x-envoy-max-retries",
            "x-envoy-upstream-alt-stat-name",
            "x-envoy-upstream-rq-timeout-ms",
            "x-envoy-upstream-rq-per-try-timeout-ms",
            "x-envoy-upstream-rq-timeout-alt-response",
            "x-envoy-upstream-stream-duration-ms",
            "x-envoy-expected-rq-timeout-ms",
            "x-envoy-force-trace",
            "x-envoy-ip-tags",
            "x-envoy-original-url",
            "x-envoy-hedge-on-per-try-timeout");
    private static final byte[] HTTP = {'h', 't', 't', 'p'};
    private static final byte[] HTTPS = {'h', 't', 't', 'p', 's'};

    /** A request that is answered here. */
    record Refusal(
            int status,
            String body,
            String details,
            boolean close,
            @Nullable String location) {
        static Refusal of(int status, String details, boolean close) {
            return new Refusal(status, "", details, close, null);
        }
    }

    private static final Refusal MISSING_HOST = Refusal.of(400, "missing_host_header", true);
    private static final Refusal NOT_A_PATH = Refusal.of(404, "absolute_path_rejected", false);
    private static final Refusal BAD_PATH = Refusal.of(400, "path_normalization_failed", true);
    static final Refusal NO_UPGRADE = Refusal.of(403, "upgrade_failed", true);

    /** Of a process that can take no more. */
    static final Refusal OVERLOADED = new Refusal(503, "envoy overloaded", "overload", false, null);

    private final ConnectionManagerConfig config;
    private final LoopClock clock;

    RequestHeaders(ConnectionManagerConfig config, LoopClock clock) {
        this.config = config;
        this.clock = clock;
    }

    /** Prepares the stream's request; a refusal ends it. */
    @Nullable
    Refusal prepare(ActiveStream stream, DownstreamCodec codec) {
        HeaderMap h = stream.requestHeaders();
        StreamInfo info = stream.info();
        int expect = h.indexOf(HeaderName.EXPECT);
        if (expect >= 0 && !config.proxy100Continue && h.value(expect).equalsIgnoreCase("100-continue")) {
            h.removeAt(expect);
            config.stats.completed(100);
            codec.encodeContinue();
        }
        if (!h.contains(HeaderName.AUTHORITY)) {
            return MISSING_HOST;
        }
        int path = h.indexOf(HeaderName.PATH);
        if (path >= 0) {
            Refusal refusal = path(h, path, stream);
            if (refusal != null) {
                return refusal;
            }
        }
        host(h, info);
        client(h, stream);
        if (config.userAgent != null) {
            tellWhoWeAre(h, config.userAgent);
        }
        if (config.generateRequestId) {
            stream.info().requestIdGenerated = requestId(h, config.useRemoteAddress && !edgeExempt);
        }
        if (!config.via.isEmpty()) {
            append(h, VIA, config.via, ", ");
        }
        return null;
    }

    private void tellWhoWeAre(HeaderMap h, String cluster) {
        h.set(SERVICE_CLUSTER, cluster);
        int agent = h.indexOf(HeaderName.USER_AGENT);
        if (agent < 0 || h.valueLength(agent) == 0) {
            h.set(HeaderName.USER_AGENT, cluster);
        }
        if (!config.nodeId.isEmpty()) {
            h.set(SERVICE_NODE, config.nodeId);
        }
    }

    private @Nullable Refusal path(HeaderMap h, int index, ActiveStream stream) {
        byte[] a = h.arena();
        int at = h.valueOffset(index);
        int n = h.valueLength(index);
        if (n == 0 || a[at] != '/') {
            config.stats.rqNonRelativePath.inc();
            return NOT_A_PATH;
        }
        for (int i = at; i < at + n; i++) {
            if (a[i] == '#') {
                config.stats.rqFailedPathNormalization.inc();
                return BAD_PATH;
            }
        }
        if (!config.normalizePath
                && !config.mergeSlashes
                && config.escapedSlashes == ConnectionManagerConfig.EscapedSlashes.KEEP_UNCHANGED) {
            return null;
        }
        String path = h.value(index);
        String result = path;
        boolean redirect = false;
        if (config.escapedSlashes != ConnectionManagerConfig.EscapedSlashes.KEEP_UNCHANGED
                && PathNormalizer.hasEscapedSlash(path)) {
            result = PathNormalizer.unescapeSlashes(path);
            h.setValue(index, result); // logs tell it so, whatever becomes of it
            if (config.escapedSlashes == ConnectionManagerConfig.EscapedSlashes.REJECT_REQUEST) {
                config.stats.rqFailedPathNormalization.inc();
                return BAD_PATH;
            }
            redirect = config.escapedSlashes == ConnectionManagerConfig.EscapedSlashes.UNESCAPE_AND_REDIRECT;
        }
        if (config.normalizePath) {
            result = PathNormalizer.canonical(result);
            if (result == null) {
                config.stats.rqFailedPathNormalization.inc();
                return BAD_PATH;
            }
        }
        if (config.mergeSlashes) {
            result = PathNormalizer.mergeSlashes(result);
        }
        if (!result.equals(path)) {
            h.setValue(index, result);
        }
        if (redirect && stream.isGrpcRequest()) { // whose clients follow no redirects
            config.stats.rqFailedPathNormalization.inc();
            return BAD_PATH;
        }
        if (redirect) {
            config.stats.rqRedirectedWithNormalizedPath.inc();
            return new Refusal(307, "", "path_normalization_failed", false, result);
        }
        return null;
    }

    private void host(HeaderMap h, StreamInfo info) {
        if (config.stripPort < 0 && !config.stripTrailingHostDot) {
            return;
        }
        int i = h.indexOf(HeaderName.AUTHORITY);
        String host = h.value(i);
        int colon = host.lastIndexOf(':');
        boolean port =
                colon >= 0 && host.indexOf(']', colon) < 0 && (host.indexOf(':') == colon || host.charAt(0) == '[');
        String name = port ? host.substring(0, colon) : host;
        String rest = port ? host.substring(colon) : "";
        if (config.stripTrailingHostDot && name.endsWith(".")) {
            name = name.substring(0, name.length() - 1);
        }
        if (port && (config.stripPort == ConnectionManagerConfig.STRIP_ANY || matches(rest, info))) {
            rest = "";
        }
        if (name.length() + rest.length() != host.length()) {
            h.setValue(i, name + rest);
        }
    }

    private boolean matches(String port, StreamInfo info) {
        InetSocketAddress local = info.downstreamLocalAddress;
        return config.stripPort == ConnectionManagerConfig.STRIP_MATCHING
                && local != null
                && port.equals(":" + local.getPort());
    }

    // Whether the request comes from inside, as the last call of client found it.
    private boolean edgeExempt;

    private void client(HeaderMap h, HttpStream stream) {
        StreamInfo info = stream.info();
        // Whom a PROXY header names stands in the place of the socket's peer.
        InetSocketAddress peer = info.downstreamRemoteAddress;
        InetSocketAddress remote = peer;
        boolean secure = info.connection != null && info.connection.secure;
        boolean hadForwarded = h.contains(HeaderName.X_FORWARDED_FOR);
        // Who trusts x-forwarded-for learns nothing from its absence: such a request is never internal.
        boolean single = config.useRemoteAddress && !hadForwarded;
        if (config.useRemoteAddress) {
            if (config.xffNumTrustedHops > 0 && hadForwarded) {
                remote = forwarded(h, config.xffNumTrustedHops - 1, peer);
            }
            if (!config.skipXffAppend && peer != null) {
                String address = OwnAddress.isLoopback(peer.getAddress()) && config.localAddress != null
                        ? config.localAddress
                        : NetUtil.toAddressString(peer.getAddress());
                append(h, HeaderName.X_FORWARDED_FOR, address, ",");
            }
            if (config.xffNumTrustedHops == 0 || !h.contains(HeaderName.X_FORWARDED_PROTO)) {
                h.set(HeaderName.X_FORWARDED_PROTO, secure ? "https" : "http");
            }
        } else {
            if (hadForwarded) {
                String all = h.get(HeaderName.X_FORWARDED_FOR);
                single = all != null && all.indexOf(',') < 0;
                remote = forwarded(h, config.xffNumTrustedHops, peer);
            }
            if (!h.contains(HeaderName.X_FORWARDED_PROTO)) {
                h.add(HeaderName.X_FORWARDED_PROTO, secure ? HTTPS : HTTP, 0, secure ? 5 : 4);
            }
        }
        info.downstreamRemoteAddress = remote;
        int proto = h.indexOf(HeaderName.X_FORWARDED_PROTO);
        scheme(h, proto, secure);
        boolean internal = single && isInternal(remote, info);
        edgeExempt = internal;
        boolean edge = config.useRemoteAddress && !internal;
        if (edge) {
            remove(h, EDGE_ONLY);
            if (remote != null) {
                h.set(EXTERNAL_ADDRESS, NetUtil.toAddressString(remote.getAddress()));
            }
        }
        if (!internal) {
            remove(h, INTERNAL_ONLY);
            h.remove(INTERNAL);
            List<HeaderName> more = config.routes.internalOnlyHeaders(stream);
            for (int i = 0; i < more.size(); i++) {
                h.remove(more.get(i));
            }
        } else if (config.useRemoteAddress) {
            h.set(INTERNAL, "true");
        }
        config.clientCert.apply(h, info.connection);
    }

    /** A client of HTTP/2 has said a scheme; any other is what x-forwarded-proto tells. */
    private static void scheme(HeaderMap h, int proto, boolean secure) {
        int given = h.indexOf(HeaderName.SCHEME);
        if (given >= 0 && (h.valueEquals(given, HTTP) || h.valueEquals(given, HTTPS))) {
            return;
        }
        boolean https = h.valueEquals(proto, HTTPS) || secure && !h.valueEquals(proto, HTTP);
        if (given >= 0) {
            h.setValue(given, https ? "https" : "http");
        } else {
            h.add(HeaderName.SCHEME, https ? HTTPS : HTTP, 0, https ? 5 : 4);
        }
    }

    // One pass over the headers instead of one a name: most requests hold none of them.
    private static void remove(HeaderMap h, HeaderName[] names) {
        for (int i = h.size() - 1; i >= 0; i--) {
            if (h.nameLength(i) > 8 && startsWithEnvoy(h, i)) {
                for (HeaderName n : names) {
                    if (h.isNamed(i, n)) {
                        h.removeAt(i);
                        break;
                    }
                }
            }
        }
    }

    private static boolean startsWithEnvoy(HeaderMap h, int i) {
        byte[] a = h.arena();
        int at = h.nameOffset(i);
        return a[at] == 'x' && a[at + 1] == '-' && a[at + 2] == 'e' && a[at + 7] == '-';
    }

    private boolean isInternal(@Nullable InetSocketAddress remote, StreamInfo info) {
        if (remote == null) {
            return config.internalUnixSockets && info.connection != null && info.connection.localPath != null;
        }
        InetAddress address = remote.getAddress();
        for (AddressRange r : config.internalAddresses) {
            if (r.contains(address)) {
                return true;
            }
        }
        return false;
    }

    /** The address in x-forwarded-for that has {@code skip} others after it, or {@code otherwise}. */
    private static @Nullable InetSocketAddress forwarded(HeaderMap h, int skip, @Nullable InetSocketAddress otherwise) {
        int last = -1;
        for (int i = h.indexOf(HeaderName.X_FORWARDED_FOR); i >= 0; i = h.indexOf(HeaderName.X_FORWARDED_FOR, i + 1)) {
            last = i;
        }
        if (last < 0) {
            return otherwise;
        }
        String all = h.value(last);
        int end = all.length();
        for (int k = 0; k < skip; k++) {
            end = all.lastIndexOf(',', end - 1);
            if (end <= 0) {
                return otherwise;
            }
        }
        String text = all.substring(all.lastIndexOf(',', end - 1) + 1, end).strip();
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        if (bytes == null) {
            return otherwise;
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), 0);
        } catch (UnknownHostException e) {
            return otherwise;
        }
    }

    /** Makes an x-request-id where one is wanted; returns whether it did. */
    private boolean requestId(HeaderMap h, boolean edge) {
        int i = h.indexOf(HeaderName.X_REQUEST_ID);
        if (i >= 0 && h.valueLength(i) > 0 && (!edge || config.preserveExternalRequestId)) {
            return false;
        }
        if (i >= 0) {
            h.remove(HeaderName.X_REQUEST_ID);
        }
        byte[] id = clock.uuid();
        h.add(HeaderName.X_REQUEST_ID, id, 0, id.length);
        return true;
    }

    /** Adds {@code value} to the header's first line after {@code separator}, or as a new line. */
    static void append(HeaderMap h, HeaderName name, String value, String separator) {
        int i = h.indexOf(name);
        if (i < 0) {
            h.add(name, value);
        } else {
            String old = h.value(i);
            h.setValue(i, old.isEmpty() ? value : old + separator + value);
        }
    }

    private static HeaderName[] names(String... names) {
        HeaderName[] out = new HeaderName[names.length];
        for (int i = 0; i < names.length; i++) {
            out[i] = HeaderName.of(names[i]);
        }
        return out;
    }
}
