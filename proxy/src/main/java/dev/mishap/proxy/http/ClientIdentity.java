package dev.mishap.proxy.http;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who the client of a request is, what it came by, and so which headers it may set. Confined to one event loop. */
final class ClientIdentity {
    private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");
    private static final HeaderName FORWARDED_PORT = HeaderName.of("x-forwarded-port");
    private static final HeaderName EXTERNAL_ADDRESS = HeaderName.of("x-envoy-external-address");

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

    private final ConnectionManagerConfig config;

    private boolean edge;

    ClientIdentity(ConnectionManagerConfig config) {
        this.config = config;
    }

    /** Whether the request of the last {@link #apply} enters here from outside. */
    boolean edge() {
        return edge;
    }

    /** Sets the client's address and the headers that follow from it; a refusal ends the request. */
    RequestHeaders.@Nullable Refusal apply(HeaderMap h, HttpStream stream) {
        StreamInfo info = stream.info();
        // Whom a PROXY header names stands in the place of the socket's peer.
        InetSocketAddress peer = info.downstreamRemoteAddress;
        InetSocketAddress remote = peer;
        boolean secure = info.connection != null && info.connection.secure;
        boolean hadForwarded = h.contains(HeaderName.X_FORWARDED_FOR);
        // Who trusts x-forwarded-for learns nothing from its absence: such a request is never internal.
        boolean single = config.useRemoteAddress && !hadForwarded;
        OriginalIpDetection[] detections = config.originalIpDetection;
        if (config.useRemoteAddress) {
            if (config.xffNumTrustedHops > 0 && hadForwarded) {
                remote = orElse(ForwardedFor.address(h, config.xffNumTrustedHops - 1), peer);
            }
            if (!config.skipXffAppend) {
                appendPeer(h, peer);
            }
        } else if (detections != null) {
            for (OriginalIpDetection detection : detections) {
                OriginalIpDetection.Client found = detection.detect(h, peer);
                RequestHeaders.Refusal refusal = found == null ? detection.refusal() : null;
                if (refusal != null) {
                    return refusal;
                }
                if (detection.appendsPeer()) {
                    appendPeer(h, peer);
                }
                if (found != null) {
                    remote = found.address();
                    single = found.trusted();
                    break;
                }
            }
        } else if (hadForwarded) {
            single = ForwardedFor.isSingle(h);
            remote = orElse(ForwardedFor.address(h, config.xffNumTrustedHops), peer);
        }
        info.downstreamRemoteAddress = remote;
        scheme(h, info, secure);
        boolean internal = single && isInternal(remote, info);
        edge = config.useRemoteAddress && !internal;
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
        } else {
            h.set(INTERNAL, "true");
        }
        config.clientCert.apply(h, info.connection);
        return null;
    }

    private static @Nullable InetSocketAddress orElse(
            @Nullable InetSocketAddress found, @Nullable InetSocketAddress otherwise) {
        return found == null ? otherwise : found;
    }

    private void appendPeer(HeaderMap h, @Nullable InetSocketAddress peer) {
        if (peer != null) {
            String address = OwnAddress.isLoopback(peer.getAddress()) && config.localAddress != null
                    ? config.localAddress
                    : NetUtil.toAddressString(peer.getAddress());
            RequestHeaders.append(h, HeaderName.X_FORWARDED_FOR, address, ",");
        }
    }

    /** What the request came by and to which port, as those are told that only see its headers. */
    private void scheme(HeaderMap h, StreamInfo info, boolean secure) {
        boolean firstHop = config.useRemoteAddress && config.xffNumTrustedHops == 0;
        InetSocketAddress local = info.downstreamLocalAddress;
        if (config.appendForwardedPort && local != null && (firstHop || !h.contains(FORWARDED_PORT))) {
            h.set(FORWARDED_PORT, Integer.toString(local.getPort()));
        }
        info.schemeOfUpstream = config.schemeOfUpstream;
        String fixed = config.scheme;
        if (fixed != null) {
            h.set(HeaderName.X_FORWARDED_PROTO, fixed);
            h.set(HeaderName.SCHEME, fixed);
            return;
        }
        if (firstHop) {
            h.set(HeaderName.X_FORWARDED_PROTO, secure ? "https" : "http");
        } else if (!h.contains(HeaderName.X_FORWARDED_PROTO)) {
            h.add(HeaderName.X_FORWARDED_PROTO, secure ? HTTPS : HTTP, 0, secure ? 5 : 4);
        }
        scheme(h, h.indexOf(HeaderName.X_FORWARDED_PROTO), secure);
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

    private static HeaderName[] names(String... names) {
        HeaderName[] out = new HeaderName[names.length];
        for (int i = 0; i < names.length; i++) {
            out[i] = HeaderName.of(names[i]);
        }
        return out;
    }
}
