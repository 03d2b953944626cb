package dev.mishap.proxy.filter.common.matching;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateObject;
import dev.mishap.proxy.transport.TlsSession;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What matchers and policies may look at: a connection, and the request on it when there is one. */
public interface Facts {
    /** The request's headers, or null when there is no request. */
    @Nullable
    HeaderMap headers();

    /** The response's headers, or null when there is none yet. */
    default @Nullable HeaderMap responseHeaders() {
        return null;
    }

    /** The peer of the socket. */
    @Nullable
    InetSocketAddress directRemote();

    /** The client: the peer, or whom a trusted header names. */
    @Nullable
    InetSocketAddress remote();

    @Nullable
    InetSocketAddress local();

    /** The connection, of a matcher that chooses its filter chain; else null. */
    default @Nullable ConnectionInfo connection() {
        return null;
    }

    /** Who is to get the request; null when that is not known yet. */
    default @Nullable SocketAddress upstream() {
        return null;
    }

    @Nullable
    String serverName();

    @Nullable
    TlsSession tls();

    @Nullable
    Map<String, Object> dynamicMetadata(String namespace);

    @Nullable
    Map<String, Object> routeMetadata(String namespace);

    @Nullable
    Object filterState(String key);

    /** What of filter state matchers see. */
    static @Nullable Object ofFilterState(@Nullable Object state) {
        return state instanceof FilterStateObject object ? WireText.decode(object.plain()) : state;
    }
}
