package dev.mishap.proxy.http;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a connection manager checks and changes in a request before the filters see it: host and path, what {@link ClientIdentity}
 * does, the request id. Confined to one event loop.
 */
final class RequestHeaders {
    private static final HeaderName VIA = HeaderName.of("via");
    private static final HeaderName SERVICE_CLUSTER = HeaderName.of("x-envoy-downstream-service-cluster");
    private static final HeaderName SERVICE_NODE = HeaderName.of("x-envoy-downstream-service-node");

    /** A request that is answered here. */
    record Refusal(int status, String body, String details, boolean close, LocalReply.@Nullable HeaderEdit edit) {
        static Refusal of(int status, String details, boolean close) {
            return new Refusal(status, "", details, close, null);
        }
    }

    private static final Refusal MISSING_HOST = Refusal.of(400, "missing_host_header", true);
    private static final Refusal NOT_A_PATH = Refusal.of(404, "absolute_path_rejected", false);
    private static final Refusal BAD_PATH = Refusal.of(400, "path_normalization_failed", true);
    static final Refusal NO_UPGRADE = Refusal.of(403, "upgrade_failed", true);

    private static final Refusal OVERLOADED = new Refusal(503, "envoy overloaded", "overload", false, null);

    private static final HeaderName LOCAL_OVERLOADED = HeaderName.of("x-envoy-local-overloaded");
    private static final Refusal OVERLOADED_AND_TOLD =
            new Refusal(503, "envoy overloaded", "overload", false, headers -> headers.set(LOCAL_OVERLOADED, "true"));

    /** Of a process that can take no more. */
    static Refusal overloaded(ConnectionManagerConfig config) {
        return config.appendLocalOverload ? OVERLOADED_AND_TOLD : OVERLOADED;
    }

    private final ConnectionManagerConfig config;
    private final LoopClock clock;
    private final ClientIdentity identity;

    RequestHeaders(ConnectionManagerConfig config, LoopClock clock) {
        this.config = config;
        this.clock = clock;
        this.identity = new ClientIdentity(config);
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
        RequestMutation[] early = config.earlyMutations;
        if (early != null) {
            for (RequestMutation mutation : early) {
                mutation.apply(h, stream);
            }
        }
        Refusal unknown = identity.apply(h, stream);
        if (unknown != null) {
            return unknown;
        }
        if (config.userAgent != null) {
            tellWhoWeAre(h, config.userAgent);
        }
        if (config.generateRequestId) {
            stream.info().requestIdGenerated = requestId(h, identity.edge());
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
            String location = result;
            return new Refusal(
                    307, "", "path_normalization_failed", false, headers -> headers.set(HeaderName.LOCATION, location));
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
}
