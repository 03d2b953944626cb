package dev.mishap.proxy.http;

import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateObject;
import dev.mishap.proxy.transport.FilterStateValue;
import dev.mishap.proxy.transport.TlsSession;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one request for access logs, stats, header formats and traces. One mutable object a stream, reused on its
 * connection; times are {@link System#nanoTime} of the stream's clock, 0 = not reached.
 */
public final class StreamInfo {
    private static final int MAX_FLAGS = 8;

    /** Wall clock of the request's first byte, in nanoseconds since the epoch. */
    public long startTimeEpochNanos;
    /** The request's first byte. */
    public long startNanos;
    /** The request's last byte. */
    public long requestEndNanos;
    /** First byte of the request written upstream. */
    public long upstreamFirstTxNanos;
    /** Last byte of the request written upstream. */
    public long upstreamLastTxNanos;
    /** First byte of the response read from upstream. */
    public long upstreamFirstRxNanos;
    /** Last byte of the response read from upstream. */
    public long upstreamLastRxNanos;
    /** First byte of the response written downstream. */
    public long downstreamFirstTxNanos;
    /** Last byte of the response written downstream, or the end of the stream. */
    public long endNanos;

    /** Body bytes received from downstream. */
    public long bytesReceived;
    /** Body bytes sent downstream. */
    public long bytesSent;

    /** Bytes on the wire between the client and this proxy. */
    public final BytesMeter downstreamBytes = new BytesMeter();
    /** Bytes on the wire between this proxy and its upstream, of all tries. */
    public final BytesMeter upstreamBytes = new BytesMeter();

    /** The moment that is being logged. */
    public AccessLogType accessLogType = AccessLogType.DOWNSTREAM_END;

    /** {@code HTTP/1.0}, {@code HTTP/1.1} or {@code HTTP/2}; null before it is known. */
    public @Nullable String protocol;
    /** The status sent downstream; 0 = none. */
    public int responseCode;

    public @Nullable String responseCodeDetails;
    public @Nullable String connectionTerminationDetails;
    public @Nullable String routeName;
    public @Nullable String virtualClusterName;
    public @Nullable String filterChainName;

    /** Stat name of the cluster (alt_stat_name), and its own name. */
    public @Nullable String upstreamCluster;

    public @Nullable String upstreamClusterRaw;
    /** An IP address, or the path of a unix socket. */
    public @Nullable SocketAddress upstreamHost;

    /** Where the upstream connection goes when that need not be {@link #upstreamHost}; null when it is. */
    public @Nullable SocketAddress upstreamElsewhere;

    public @Nullable InetSocketAddress upstreamLocalAddress;
    public @Nullable String upstreamProtocol;
    public @Nullable String upstreamTransportFailureReason;
    /** Facts of the upstream connection's TLS session; null when it has none. */
    public @Nullable TlsSession upstreamTls;

    public int upstreamRequestAttemptCount;

    /** How many redirects of upstreams were followed before this pass of the request. */
    public int internalRedirects;

    private @Nullable Set<String> redirects;
    /** The connection of the last try; 0 = it got none. */
    public long upstreamConnectionId;
    /** How long the last try waited for its connection; -1 = there was no try. */
    public long upstreamPoolReadyNanos = -1;
    /** When the connection of the last try was begun and was there; 0 when it carried requests before. */
    public long upstreamConnectStartNanos;

    public long upstreamConnectEndNanos;
    /** First byte of the response's body read from upstream. */
    public long upstreamFirstBodyNanos;
    /** The address of the endpoint that the request is to go to if it can, as it is written in logs; or null. */
    public @Nullable String overrideHost;
    /** Whether no other endpoint will do in the place of {@link #overrideHost}. */
    public boolean overrideHostStrict;
    /** How often a route was looked for. */
    public int routeResolutions;

    public @Nullable InetSocketAddress downstreamDirectRemoteAddress;
    /** The peer's address, or the one that x-forwarded-for tells when it is trusted. */
    public @Nullable InetSocketAddress downstreamRemoteAddress;

    public @Nullable InetSocketAddress downstreamLocalAddress;
    public @Nullable String requestedServerName;
    /** The downstream connection that the stream is on; null only in tests. */
    public @Nullable ConnectionInfo connection;

    public long connectionId;
    public long streamId;
    /** Whether this proxy made the request's x-request-id, since the client sent none. */
    public boolean requestIdGenerated;
    /** Whether the request goes upstream with the scheme of the connection there. */
    public boolean schemeOfUpstream;
    /** The request's span, or null when there is none. */
    public @Nullable StreamSpan span;
    /** Whether a service asked for this request to be traced, by {@code x-envoy-force-trace} or the request id. */
    public boolean traceForced;
    /** Whether the health_check filter answered or let pass a probe. */
    public boolean healthCheck;

    /** {@code filter_metadata} of the chosen route by namespace; likewise its virtual host, the listener, the cluster, the endpoint. */
    public @Nullable Map<String, Map<String, Object>> routeMetadata;

    public @Nullable Map<String, Map<String, Object>> virtualHostMetadata;
    public @Nullable Map<String, Map<String, Object>> listenerMetadata;
    public @Nullable Map<String, Map<String, Object>> clusterMetadata;
    public @Nullable Map<String, Map<String, Object>> upstreamHostMetadata;
    /** What was asked of DNS; null when that is not what it is about. */
    public @Nullable DnsFacts dns;
    /** The name of the endpoint when it was resolved from one, else null. */
    public @Nullable String upstreamHostName;

    private final ResponseFlag[] flags = new ResponseFlag[MAX_FLAGS];
    private int flagCount;
    /** Whether a rule acted on the stream's connection. */
    private boolean connectionFault;

    private @Nullable Map<String, FilterStateObject> filterState;
    private @Nullable Map<String, Map<String, Object>> dynamicMetadata;

    /** Where the upstream connection goes; null when there is none. */
    public @Nullable SocketAddress upstreamRemoteAddress() {
        SocketAddress elsewhere = upstreamElsewhere;
        return upstreamConnectionId == 0 ? null : elsewhere == null ? upstreamHost : elsewhere;
    }

    /** Makes the object as new. */
    public void reset() {
        startTimeEpochNanos = startNanos = requestEndNanos = 0;
        upstreamFirstTxNanos = upstreamLastTxNanos = upstreamFirstRxNanos = upstreamLastRxNanos = 0;
        downstreamFirstTxNanos = endNanos = bytesReceived = bytesSent = 0;
        protocol = null;
        responseCode = 0;
        responseCodeDetails = connectionTerminationDetails = routeName = virtualClusterName = filterChainName = null;
        upstreamCluster = upstreamClusterRaw = upstreamProtocol = upstreamTransportFailureReason = null;
        upstreamHost = upstreamElsewhere = null;
        upstreamLocalAddress = null;
        upstreamTls = null;
        overrideHost = null;
        overrideHostStrict = false;
        upstreamRequestAttemptCount = routeResolutions = internalRedirects = 0;
        redirects = null;
        upstreamPoolReadyNanos = -1;
        upstreamConnectStartNanos = upstreamConnectEndNanos = upstreamFirstBodyNanos = 0;
        downstreamBytes.clear();
        upstreamBytes.clear();
        upstreamConnectionId = 0;
        downstreamDirectRemoteAddress = downstreamRemoteAddress = downstreamLocalAddress = null;
        requestedServerName = null;
        connection = null;
        connectionId = streamId = 0;
        requestIdGenerated = schemeOfUpstream = false;
        span = null;
        traceForced = false;
        accessLogType = AccessLogType.DOWNSTREAM_END;
        healthCheck = false;
        routeMetadata = virtualHostMetadata = listenerMetadata = clusterMetadata = upstreamHostMetadata = null;
        upstreamHostName = null;
        dns = null;
        flagCount = 0;
        connectionFault = false;
        dynamicMetadata = null;
        filterState = null;
    }

    /** Takes over what the stream's connection tells. */
    public void on(ConnectionInfo c) {
        connection = c;
        connectionId = c.id;
        downstreamDirectRemoteAddress = c.directRemoteAddress;
        downstreamRemoteAddress = c.remoteAddress;
        downstreamLocalAddress = c.localAddress;
        requestedServerName = c.requestedServerName;
        filterChainName = c.filterChainName;
        listenerMetadata = c.listenerMetadata;
        if (c.rateLimited) {
            addFlag(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED); // sic
        }
        Map<String, Object> marks = c.marksNow();
        if (!marks.isEmpty()) {
            joinDynamicMetadata("mishap", marks);
            connectionFault = marks.containsKey("fault");
        }
    }

    /** Notes that a redirect led from one route to another; false when one did before. */
    public boolean redirectedTo(String from, String to) {
        Set<String> all = redirects;
        if (all == null) {
            all = new HashSet<>();
            redirects = all;
        }
        return all.add(from + '\n' + to);
    }

    /** Begins another pass of the same request: what happened so far is forgotten, who asks is not. */
    void restart() {
        ConnectionInfo from = connection;
        InetSocketAddress remote = downstreamRemoteAddress;
        long stream = streamId;
        long received = bytesReceived;
        int followed = internalRedirects;
        Set<String> taken = redirects;
        boolean ownId = requestIdGenerated;
        boolean scheme = schemeOfUpstream;
        reset();
        if (from != null) {
            on(from);
        }
        downstreamRemoteAddress = remote;
        streamId = stream;
        bytesReceived = received;
        internalRedirects = followed;
        redirects = taken;
        requestIdGenerated = ownId;
        schemeOfUpstream = scheme;
    }

    /** Adds a flag once; flags keep the order in which they were set, which is how Envoy prints them. */
    public void addFlag(ResponseFlag flag) {
        if (!hasFlag(flag) && flagCount < MAX_FLAGS) {
            flags[flagCount++] = flag;
        }
    }

    public boolean hasFlag(ResponseFlag flag) {
        for (int i = 0; i < flagCount; i++) {
            if (flags[i] == flag) {
                return true;
            }
        }
        return false;
    }

    public int flagCount() {
        return flagCount;
    }

    public ResponseFlag flag(int index) {
        return flags[index];
    }

    /**
     * Sets the values of {@code namespace}; later keys replace earlier ones. Values are String, Double, Boolean, List or Map.
     *
     * @param fields kept as they are and shared, so never changed afterwards
     */
    public void putDynamicMetadata(String namespace, Map<String, Object> fields) {
        Map<String, Map<String, Object>> all = dynamicMetadata;
        if (all == null) {
            all = new LinkedHashMap<>(4);
            dynamicMetadata = all;
        }
        all.merge(namespace, fields, (before, more) -> {
            Map<String, Object> both = new LinkedHashMap<>(before);
            both.putAll(more);
            return both;
        });
    }

    /** Sets the flag of a connection that rules acted on, if the marks in the dynamic metadata say that they did. */
    public void flagConnectionFault() {
        Map<String, Object> marks = dynamicMetadata("mishap");
        if (marks != null && marks.containsKey("fault")) {
            addFlag(ResponseFlag.CONNECTION_FAULT_INJECTED);
        }
    }

    /** As {@link #putDynamicMetadata}, but what of a text is not in the one that is there joins it, with commas between. */
    public void joinDynamicMetadata(String namespace, Map<String, Object> fields) {
        Map<String, Object> before = dynamicMetadata(namespace);
        if (before == null) {
            putDynamicMetadata(namespace, fields);
            return;
        }
        Map<String, Object> joined = new LinkedHashMap<>(before);
        fields.forEach(
                (key, value) -> joined.merge(key, value, (a, b) -> joined(String.valueOf(a), String.valueOf(b))));
        putDynamicMetadata(namespace, joined);
    }

    /** The entries of {@code list} and then those of {@code more} that are not among them; commas between. */
    public static String joined(String list, String more) {
        if (list.equals(more)) {
            return list;
        }
        String joined = list;
        int from = 0;
        while (from <= more.length()) {
            int comma = more.indexOf(',', from);
            String entry = more.substring(from, comma < 0 ? more.length() : comma);
            if (!("," + joined + ",").contains("," + entry + ",")) {
                joined += "," + entry;
            }
            from = comma < 0 ? more.length() + 1 : comma + 1;
        }
        return joined;
    }

    /** Takes what rules mark an upstream connection with that carries the stream, or was to. */
    public void takeMarks(Map<String, Object> marks) {
        joinDynamicMetadata("mishap", marks);
        connectionFault |= marks.containsKey("fault");
    }

    /** Takes what rules mark the stream's connection with, or did since the stream began, into {@code mishap}'s metadata. */
    void takeMarks() {
        ConnectionInfo c = connection;
        Map<String, Object> marks = c == null ? Map.of() : c.marksSince(startNanos);
        if (!marks.isEmpty()) {
            takeMarks(marks);
        }
        if (connectionFault) {
            addFlag(ResponseFlag.CONNECTION_FAULT_INJECTED);
        }
    }

    /** Leaves {@code object} for access logs; it may change until the stream ends. */
    public void putFilterState(String key, FilterStateObject object) {
        Map<String, FilterStateObject> all = filterState;
        if (all == null) {
            all = new HashMap<>(4);
            filterState = all;
        }
        all.put(key, object);
    }

    /** What a connection upstream is told of the filter state of the stream and its connection; by key. */
    public Map<String, FilterStateValue> sharedFilterState() {
        ConnectionInfo c = connection;
        Map<String, FilterStateValue> ofConnection = c == null ? Map.of() : c.sharedFilterState();
        Map<String, FilterStateObject> own = filterState;
        if (own == null) {
            return ofConnection;
        }
        Map<String, FilterStateValue> shared = new HashMap<>(ofConnection);
        FilterStateValue.share(own, shared);
        return shared;
    }

    public @Nullable FilterStateObject filterState(String key) {
        return filterState == null ? null : filterState.get(key);
    }

    public @Nullable Map<String, Object> dynamicMetadata(String namespace) {
        return dynamicMetadata == null ? null : dynamicMetadata.get(namespace);
    }

    /** All dynamic metadata by namespace; empty when there is none. */
    public Map<String, Map<String, Object>> allDynamicMetadata() {
        return dynamicMetadata == null ? Map.of() : dynamicMetadata;
    }
}
