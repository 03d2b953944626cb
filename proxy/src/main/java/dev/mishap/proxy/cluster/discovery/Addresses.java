package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.transport.InternalAddress;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The addresses of endpoints that need no look-up. */
final class Addresses {
    private Addresses() {}

    static boolean isIp(String text) {
        return ip(text) != null;
    }

    private static @Nullable InetAddress ip(String text) {
        return text.startsWith("[") ? null : NetUtil.createInetAddressFromIpAddressString(text);
    }

    static SocketAddress of(String address, int port) {
        if (port == EndpointConfig.INTERNAL) {
            int end = address.indexOf('\0');
            return new InternalAddress(address.substring(0, end), address.substring(end + 1));
        }
        if (port < 0) {
            return new DomainSocketAddress(address);
        }
        InetAddress ip = ip(address);
        if (ip == null) {
            throw new IllegalArgumentException("not an IP address: " + address);
        }
        return new InetSocketAddress(ip, port);
    }

    /** The endpoint of a configuration that names an IP address or a path. */
    static Endpoint endpoint(EndpointConfig config) {
        SocketAddress first = of(config.address(), config.port());
        Endpoint e = new Endpoint(first, config.hostname(), config);
        if (!config.additional().isEmpty()) {
            List<SocketAddress> all = new ArrayList<>(List.of(first));
            config.additional().forEach(a -> all.add(of(a.address(), a.port())));
            e.addresses(all);
        }
        return e;
    }
}
