package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.rules.ConnectionView;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** What rules see of a connection. */
record ConnectionFacts(
        ConnectionInfo info, String listener, @Nullable String cluster) implements ConnectionView {
    @Override
    public @Nullable String serverName() {
        return info.requestedServerName;
    }

    @Override
    public @Nullable InetAddress sourceAddress() {
        InetSocketAddress remote = info.remoteAddress;
        return remote == null ? null : remote.getAddress();
    }

    @Override
    public @Nullable InetAddress destinationAddress() {
        InetSocketAddress local = info.localAddress;
        return local == null ? null : local.getAddress();
    }

    @Override
    public int destinationPort() {
        InetSocketAddress local = info.localAddress;
        return local == null ? 0 : local.getPort();
    }
}
