package dev.mishap.proxy.http;

import dev.mishap.proxy.overload.OverloadState;
import dev.mishap.proxy.transport.LoopLocal;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A connection manager's configuration, resolved: what every connection of one filter chain shares. Immutable once built. */
public final class ConnectionManagerConfig {
    /** What happens to the server header of a response. */
    public enum ServerHeader {
        OVERWRITE,
        APPEND_IF_ABSENT,
        PASS_THROUGH
    }

    /** {@code path_with_escaped_slashes_action}. */
    public enum EscapedSlashes {
        KEEP_UNCHANGED,
        REJECT_REQUEST,
        UNESCAPE_AND_REDIRECT,
        UNESCAPE_AND_FORWARD
    }

    /** One filter of the chain: its name there, what makes it, and whether a route must enable it. */
    public record ChainFilter(String name, HttpFilterFactory factory, boolean disabled) {}

    /**
     * What {@code upgrade_configs} say of one type of upgrade.
     *
     * @param enabled whether it is allowed where a route does not say
     * @param filters the chain of such requests, whoever allows them; null = that of all others
     */
    public record Upgrade(boolean enabled, @Nullable List<ChainFilter> filters) {}

    /** Any port is stripped. */
    public static final int STRIP_ANY = 0;
    /** The port is stripped when it is the listener's. */
    public static final int STRIP_MATCHING = 1;

    public final ConnectionManagerStats stats;
    public final DrainState drain;
    public final RouteResolver routes;
    final List<ChainFilter> filters;
    final AccessLog[] accessLogs;
    private final LoopLocal<SpareStreams> streams = new LoopLocal<>(loop -> new SpareStreams(this, loop));

    /** Null = no tracing. */
    public @Nullable StreamTracer tracer;

    public @Nullable CodecStats codecStats;
    public LocalReplyMapper localReplies = LocalReplyMapper.NONE;
    public RuntimeSource runtime = RuntimeSource.EMPTY;
    /** The name that a cluster has in logs and stats ({@code alt_stat_name}), or null when there is no such cluster. */
    public Function<String, @Nullable String> clusterStatName = name -> name;

    /** The {@code filter_metadata} of a cluster by namespace, or null when there is no such cluster. */
    public Function<String, @Nullable Map<String, Map<String, Object>>> clusterMetadata = name -> null;

    public String serverName = "envoy";
    public ServerHeader serverHeader = ServerHeader.OVERWRITE;
    public String via = "";
    /** The node's cluster when requests are to tell it ({@code add_user_agent}), else null. */
    public @Nullable String userAgent;
    /** The node's id, for the same. */
    public String nodeId = "";

    public boolean useRemoteAddress;
    public int xffNumTrustedHops;
    public boolean skipXffAppend;
    /** Which peers are internal; empty = none. */
    public List<AddressRange> internalAddresses = List.of();
    /** What the overload manager asks for. */
    public OverloadState overload = new OverloadState();
    /** Whether clients on unix sockets are internal. */
    public boolean internalUnixSockets;
    /** The address that is written to x-forwarded-for when the peer is this machine, or null to write the peer's. */
    public @Nullable String localAddress;

    /** How the client is found in the place of {@link #useRemoteAddress} and x-forwarded-for; null = by these. */
    public OriginalIpDetection @Nullable [] originalIpDetection;

    /** What is changed in a request's headers before anything is made of them; null = nothing. */
    public RequestMutation @Nullable [] earlyMutations;

    public boolean appendForwardedPort;
    /** What scheme requests are said to have come by, whatever they tell; null = what they tell. */
    public @Nullable String scheme;
    /** Whether a request goes upstream with the scheme of the connection that carries it there. */
    public boolean schemeOfUpstream;
    /** What tells in responses why they are errors of this proxy; null = nothing. */
    public @Nullable ProxyStatus proxyStatus;
    /** Whether answers of a process that can take no more say so. */
    public boolean appendLocalOverload;

    /** What becomes of x-forwarded-client-cert. */
    public ClientCertHeader clientCert = ClientCertHeader.SANITIZE;

    public boolean generateRequestId = true;
    public boolean preserveExternalRequestId;
    public boolean alwaysSetRequestIdInResponse;
    public boolean normalizePath;
    public boolean mergeSlashes;
    public EscapedSlashes escapedSlashes = EscapedSlashes.KEEP_UNCHANGED;
    /** Which port is stripped from :authority: {@link #STRIP_ANY}, {@link #STRIP_MATCHING} or -1 for none. */
    public int stripPort = -1;

    public boolean stripTrailingHostDot;
    public boolean proxy100Continue;
    public boolean acceptHttp10;
    /** Whether an HTTP/1 connection may carry more requests after one that was answered 400, but could be parsed. */
    public boolean staysOpenAfterBadRequest;

    /** Host of HTTP/1.0 requests that name none; {@code ""} = they are refused. */
    public String defaultHostForHttp10 = "";

    public boolean properCaseResponses;
    /** {@code upgrade_configs} by the type in lower case, {@link Upgrades#CONNECT} among them. */
    public Map<String, Upgrade> upgrades = Map.of();
    /** Requests that a connection may carry; 0 = no limit. */
    public int maxRequestsPerConnection;

    /** Bytes that a stream or a connection may buffer before its source is made to wait. */
    public int bufferLimit = 1024 * 1024;

    /** Whether a request is logged when it arrives, too, and when a tunnel that it asked for stands. */
    public boolean logNewRequests;

    public boolean logTunnels;

    /** Whether an HTTP/1 connection that has lived long enough ends with the next request that comes, and not by itself. */
    public boolean safeMaxConnectionDuration;

    /** By how much of these times one connection may last longer than another. */
    public double maxConnectionDurationJitterPercent;

    public double drainTimeoutJitterPercent;

    // Nanoseconds, 0 = none.
    public long logIntervalNanos;
    public long idleTimeoutNanos = 3600L * 1_000_000_000;
    public long maxConnectionDurationNanos;
    public long maxStreamDurationNanos;
    public long streamIdleTimeoutNanos = 300L * 1_000_000_000;
    public long requestTimeoutNanos;
    public long requestHeadersTimeoutNanos;
    public long delayedCloseTimeoutNanos = 1_000_000_000;
    public long drainTimeoutNanos = 5L * 1_000_000_000;

    public ConnectionManagerConfig(
            ConnectionManagerStats stats,
            DrainState drain,
            RouteResolver routes,
            List<ChainFilter> filters,
            List<AccessLog> accessLogs) {
        this.stats = stats;
        this.drain = drain;
        this.routes = routes;
        this.filters = List.copyOf(filters);
        this.accessLogs = accessLogs.toArray(new AccessLog[0]);
    }

    /** The chain of a request that was let through for an upgrade to {@code type}. */
    List<ChainFilter> filtersOf(String type) {
        Upgrade upgrade = upgrades.get(type);
        return upgrade == null || upgrade.filters() == null ? filters : upgrade.filters();
    }

    /** How many filters a stream may have. */
    int mostFilters() {
        int most = filters.size();
        for (Upgrade upgrade : upgrades.values()) {
            most = Math.max(
                    most, upgrade.filters() == null ? 0 : upgrade.filters().size());
        }
        return most;
    }

    /** The streams of connections on {@code loop}; called on it. */
    public SpareStreams streams(EventLoop loop) {
        return streams.get(loop);
    }
}
