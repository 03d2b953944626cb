package dev.mishap.proxy.filter.common.matching;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateObject;
import dev.mishap.proxy.transport.TlsSession;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a request and its connection tell. */
public record RequestFacts(HttpStream stream, @Nullable SocketAddress upstream, boolean tellsHeaders) implements Facts {
    public RequestFacts(HttpStream stream, @Nullable SocketAddress upstream) {
        this(stream, upstream, true);
    }

    /** What is known when there is an answer: of a request that was refused before the filters, its headers are not. */
    public static RequestFacts ofAnswer(HttpStream stream) {
        return new RequestFacts(stream, null, stream.accepted());
    }

    /** Facts of a request that has not been given to an upstream. */
    public RequestFacts(HttpStream stream) {
        this(stream, null);
    }

    @Override
    public @Nullable HeaderMap headers() {
        return tellsHeaders ? stream.requestHeaders() : null;
    }

    @Override
    public @Nullable HeaderMap responseHeaders() {
        return stream.responseHeaders();
    }

    @Override
    public @Nullable InetSocketAddress directRemote() {
        return stream.info().downstreamDirectRemoteAddress;
    }

    @Override
    public @Nullable InetSocketAddress remote() {
        return stream.info().downstreamRemoteAddress;
    }

    @Override
    public @Nullable InetSocketAddress local() {
        return stream.info().downstreamLocalAddress;
    }

    @Override
    public @Nullable String serverName() {
        return stream.info().requestedServerName;
    }

    @Override
    public @Nullable TlsSession tls() {
        ConnectionInfo connection = stream.info().connection;
        return connection == null ? null : connection.tls;
    }

    @Override
    public @Nullable Map<String, Object> dynamicMetadata(String namespace) {
        return stream.info().dynamicMetadata(namespace);
    }

    @Override
    public @Nullable Map<String, Object> routeMetadata(String namespace) {
        stream.route(); // matches it, if nobody has yet
        Map<String, Map<String, Object>> all = stream.info().routeMetadata;
        return all == null ? null : all.get(namespace);
    }

    @Override
    public @Nullable Object filterState(String key) {
        FilterStateObject own = stream.info().filterState(key);
        if (own != null) {
            return Facts.ofFilterState(own);
        }
        ConnectionInfo connection = stream.info().connection;
        return connection == null ? null : Facts.ofFilterState(connection.filterState(key));
    }
}
