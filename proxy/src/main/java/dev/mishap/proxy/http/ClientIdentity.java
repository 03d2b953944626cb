package dev.mishap.proxy.http;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who the client of a request is, what it came by, and so which headers it may set. Confined to one event loop. */
final class ClientIdentity {
    private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");
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

    ClientIdentity(ConnectionManagerConfig config) {
        this.config = config;
    }

    /** Returns whether the request enters here from outside. */
    boolean apply(HeaderMap h, HttpStream stream) {
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
                RequestHeaders.append(h, HeaderName.X_FORWARDED_FOR, address, ",");
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
        return edge;
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

    private static HeaderName[] names(String... names) {
        HeaderName[] out = new HeaderName[names.length];
        for (int i = 0; i < names.length; i++) {
            out[i] = HeaderName.of(names[i]);
        }
        return out;
    }
}
