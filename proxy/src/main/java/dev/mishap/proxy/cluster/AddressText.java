package dev.mishap.proxy.cluster;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Addresses as Envoy prints and hashes them: {@code 1.2.3.4:80}, {@code [::1]:80}, or the path of a unix socket. */
public final class AddressText {
    private AddressText() {}

    public static String of(SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet)) {
            return String.valueOf(address);
        }
        String host = host(inet);
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + inet.getPort();
    }

    /** The IP address without port, IPv6 in its shortest form. */
    public static String host(InetSocketAddress inet) {
        InetAddress a = inet.getAddress();
        return a == null ? inet.getHostString() : io.netty.util.NetUtil.toAddressString(a);
    }
}
