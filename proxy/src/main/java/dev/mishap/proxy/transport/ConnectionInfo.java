package dev.mishap.proxy.transport;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one downstream connection: listener filters and transport sockets fill it in, filter-chain match, network
 * filters, HTTP, access logs and matchers read it. One mutable object a connection, confined to the connection's event loop.
 */
public final class ConnectionInfo {
    private static final AtomicLong IDS = new AtomicLong();

    /** Unique in the process, from 1. */
    public final long id = nextId();

    /** When the connection was accepted, by {@link System#nanoTime}. */
    public final long acceptedNanos = System.nanoTime();

    /** The peer as the socket tells it; null for a unix socket. */
    public @Nullable InetSocketAddress directRemoteAddress;
    /** The peer, or whom a PROXY header names in its place. */
    public @Nullable InetSocketAddress remoteAddress;
    /** Our end as the socket tells it; null for a unix socket. */
    public @Nullable InetSocketAddress directLocalAddress;
    /** Our end, or where the client wanted to go: the original destination, or that of a PROXY header. */
    public @Nullable InetSocketAddress localAddress;
    /** Whether {@link #localAddress} was restored by a listener filter. */
    public boolean localAddressRestored;
    /** Where the internal listener was reached, or null. */
    public @Nullable InternalAddress internalAddress;
    /** The path of the listener's unix socket, or null. */
    public @Nullable String localPath;

    /** The server name of the client's TLS hello; null when there is none. */
    public @Nullable String requestedServerName;
    /** The protocols that the client offers (ALPN), or that http_inspector saw; in the client's order. */
    public List<String> applicationProtocols = List.of();
    /** What a listener filter found the transport to be: {@code tls} or {@code raw_buffer}; {@code ""} = nobody looked. */
    public String detectedTransportProtocol = "";
    /** JA3 and JA4 fingerprints of the TLS hello; null when nobody asked for them. */
    public @Nullable String ja3;

    public @Nullable String ja4;

    /** TLVs that are told on to upstreams in a PROXY header; null when no such header came. */
    public @Nullable List<ProxyTlv> proxyTlvs;
    /** Whether PROXY headers to upstreams tell of this connection, and not only of that to the upstream. */
    public boolean toldUpstream = true;

    /** {@code FilterChain.name} of the chain that was chosen, {@code ""} when it has none; null before the choice. */
    public @Nullable String filterChainName;
    /** The listener's name, {@code ""} when it has none; null before the choice of a filter chain. */
    public @Nullable String listenerName;
    /** The listener's {@code filter_metadata} by namespace; null when it has none. */
    public @Nullable Map<String, Map<String, Object>> listenerMetadata;
    /** The filter chain's {@code filter_metadata} by namespace; null when it has none. */
    public @Nullable Map<String, Map<String, Object>> filterChainMetadata;

    /** Whether the connection's transport is TLS, from before its handshake on. */
    public boolean secure;

    /** Facts of the TLS session; null while there is none. */
    public @Nullable TlsSession tls;

    /** Why the downstream transport failed ({@code DOWNSTREAM_TRANSPORT_FAILURE_REASON}), or null. */
    public @Nullable String transportFailureReason;
    /** Why the connection was ended by this proxy ({@code CONNECTION_TERMINATION_DETAILS}), or null. */
    public @Nullable String terminationDetails;

    /** Which part of this proxy closed the connection ({@code DOWNSTREAM_LOCAL_CLOSE_REASON}), or null. */
    public @Nullable String localCloseReason;

    /** Whether a limit of the rate of connections has closed it, for which logs have a flag. */
    public boolean rateLimited;

    /** What the filter that owns the connection has for the listener's log: its {@code StreamInfo}, or null. */
    public @Nullable Object streamInfo;

    private @Nullable String streamId;
    /** Where connections upstream for this one come from ({@code original_src}); null = from where the cluster says. */
    public @Nullable OriginalSource upstreamSource;

    private @Nullable Map<String, Object> filterState;
    private @Nullable Map<String, Map<String, Object>> dynamicMetadata;
    private Map<String, Object> marks = Map.of();
    private boolean marksEnded;
    private long marksEndNanos;

    /** An id of a connection; those to upstreams are from the same sequence. */
    public static long nextId() {
        return IDS.incrementAndGet();
    }

    /** A random UUID that stands for the connection in logs ({@code STREAM_ID}). */
    public String streamId() {
        String s = streamId;
        if (s == null) {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            long high = (random.nextLong() & ~0xf000L) | 0x4000L;
            long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
            s = new UUID(high, low).toString();
            streamId = s;
        }
        return s;
    }

    /** The facts of a channel that was just accepted. */
    public static ConnectionInfo of(Channel channel) {
        ConnectionInfo info = new ConnectionInfo();
        info.directRemoteAddress = channel.remoteAddress() instanceof InetSocketAddress a ? a : null;
        info.directLocalAddress = channel.localAddress() instanceof InetSocketAddress a ? a : null;
        info.internalAddress = channel.localAddress() instanceof InternalAddress a ? a : null;
        info.remoteAddress = info.directRemoteAddress;
        info.localAddress = info.directLocalAddress;
        return info;
    }

    /** The protocol that filter-chain match compares: what was detected, else {@code raw_buffer}. */
    public String transportProtocol() {
        return detectedTransportProtocol.isEmpty() ? "raw_buffer" : detectedTransportProtocol;
    }

    /** The protocol that both sides agreed on in the TLS handshake; null when there is none. */
    public @Nullable String nextProtocol() {
        TlsSession session = tls;
        return session == null ? null : session.applicationProtocol();
    }

    /** Keeps {@code value} for filters that come later, of this connection or of its streams. */
    public void putFilterState(String key, Object value) {
        Map<String, Object> state = filterState;
        if (state == null) {
            state = new LinkedHashMap<>();
            filterState = state;
        }
        state.put(key, value);
    }

    public @Nullable Object filterState(String key) {
        return filterState == null ? null : filterState.get(key);
    }

    /** What a connection upstream is told of the filter state, as it will have it; by key. */
    public Map<String, FilterStateValue> sharedFilterState() {
        Map<String, Object> state = filterState;
        if (state == null) {
            return Map.of();
        }
        Map<String, FilterStateValue> shared = new LinkedHashMap<>();
        FilterStateValue.share(state, shared);
        return shared;
    }

    /**
     * Sets the values of {@code namespace}; later keys replace earlier ones. Values are String, Double, Boolean, List or Map.
     *
     * @param fields kept as they are and shared, so never changed afterwards
     */
    public void putDynamicMetadata(String namespace, Map<String, Object> fields) {
        Map<String, Map<String, Object>> all = dynamicMetadata;
        if (all == null) {
            all = new LinkedHashMap<>();
            dynamicMetadata = all;
        }
        all.merge(namespace, fields, (before, more) -> {
            Map<String, Object> both = new LinkedHashMap<>(before);
            both.putAll(more);
            return both;
        });
    }

    public @Nullable Map<String, Object> dynamicMetadata(String namespace) {
        return dynamicMetadata == null ? null : dynamicMetadata.get(namespace);
    }

    /** Tells what rules mark the connection with from now on; empty = with nothing any more. */
    public void marks(Map<String, Object> now) {
        if (now.isEmpty()) {
            marksEnded = true;
            marksEndNanos = System.nanoTime();
        } else {
            marksEnded = false;
            marks = now;
        }
    }

    /** What rules mark the connection with; empty when none does. */
    public Map<String, Object> marksNow() {
        return marksEnded ? Map.of() : marks;
    }

    /** What rules mark the connection with, or did last if that ended after {@code nanos} by {@link System#nanoTime}; else empty. */
    public Map<String, Object> marksSince(long nanos) {
        return marksEnded && marksEndNanos - nanos < 0 ? Map.of() : marks;
    }

    /** All dynamic metadata by namespace; empty when there is none. */
    public Map<String, Map<String, Object>> allDynamicMetadata() {
        return dynamicMetadata == null ? Map.of() : dynamicMetadata;
    }
}
