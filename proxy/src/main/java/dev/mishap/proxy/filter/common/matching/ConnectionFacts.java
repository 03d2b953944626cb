package dev.mishap.proxy.filter.common.matching;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import java.net.InetSocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a connection tells. */
public record ConnectionFacts(ConnectionInfo info) implements Facts {
    @Override
    public @Nullable HeaderMap headers() {
        return null;
    }

    @Override
    public @Nullable InetSocketAddress directRemote() {
        return info.directRemoteAddress;
    }

    @Override
    public @Nullable InetSocketAddress remote() {
        return info.remoteAddress;
    }

    @Override
    public @Nullable InetSocketAddress local() {
        return info.localAddress;
    }

    @Override
    public @Nullable String serverName() {
        return info.requestedServerName;
    }

    @Override
    public @Nullable ConnectionInfo connection() {
        return info;
    }

    @Override
    public @Nullable TlsSession tls() {
        return info.tls;
    }

    @Override
    public @Nullable Map<String, Object> dynamicMetadata(String namespace) {
        return info.dynamicMetadata(namespace);
    }

    @Override
    public @Nullable Map<String, Object> routeMetadata(String namespace) {
        return null;
    }

    @Override
    public @Nullable Object filterState(String key) {
        return Facts.ofFilterState(info.filterState(key));
    }
}
