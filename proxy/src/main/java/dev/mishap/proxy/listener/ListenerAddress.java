package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.PipePaths;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.InternalAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Addresses that listeners are bound to: of IP, or paths of unix sockets; and those of internal listeners. */
final class ListenerAddress {
    private ListenerAddress() {}

    /** {@code address} of a listener or of one of its additional addresses. */
    static SocketAddress from(ConfigNode holder) {
        ConfigNode address = holder.message("address");
        if (address == null) {
            throw new ListenerException("address is necessary");
        }
        if (address.has("envoy_internal_address")) {
            throw new ListenerException("use internal_listener field instead of address for internal listeners");
        }
        ConfigNode pipe = address.message("pipe");
        if (pipe != null) {
            String path = pipe.string("path");
            if (path.startsWith("@")) {
                throw pipe.error("path", "abstract unix sockets are not supported");
            }
            PipePaths.check(pipe, "");
            return UnixDomainSocketAddress.of(path);
        }
        ConfigNode socket = address.required("socket_address");
        String host = socket.string("address");
        byte[] bytes = host.startsWith("[") ? null : NetUtil.createByteArrayFromIpAddressString(host);
        if (bytes == null) {
            throw new ListenerException("malformed IP address: " + host
                    + ". Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'");
        }
        if (socket.bool("ipv4_compat", false) && !isWildcardOrMapped(host, bytes)) {
            String text = bytes.length == 16 ? "[" + host + "]" : host;
            throw new ListenerException("Only IPv6 address '::' or valid IPv4-mapped IPv6 address can set ipv4_compat: "
                    + text + ":" + socket.integer("port_value", 0));
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), (int) socket.integer("port_value", 0));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isWildcardOrMapped(String host, byte[] bytes) {
        return host.indexOf(':') >= 0
                && (host.toLowerCase(Locale.ROOT).contains("ffff:") || Arrays.equals(bytes, new byte[16]));
    }

    /** Whether the address is one of UDP. */
    static boolean udp(ConfigNode holder) {
        ConfigNode address = holder.message("address");
        ConfigNode socket = address == null ? null : address.message("socket_address");
        return socket != null && socket.enumName("protocol").equals("UDP");
    }

    /** Whether an IPv6 wildcard takes IPv4 connections, too. */
    static boolean ipv4Compat(ConfigNode holder) {
        ConfigNode address = holder.message("address");
        ConfigNode socket = address == null ? null : address.message("socket_address");
        return socket != null && socket.bool("ipv4_compat", false);
    }

    /** {@code Pipe.mode}; 0 = as the system makes it. */
    static int mode(ConfigNode holder) {
        ConfigNode address = holder.message("address");
        ConfigNode pipe = address == null ? null : address.message("pipe");
        return pipe == null ? 0 : (int) pipe.integer("mode", 0);
    }

    /** The address as text: {@code 127.0.0.1:80}, {@code [::1]:80} or a path. */
    static String text(SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet)) {
            return address.toString();
        }
        InetAddress ip = inet.getAddress();
        return ip.getAddress().length == 16
                ? "[" + NetUtil.toAddressString(ip) + "]:" + inet.getPort()
                : ip.getHostAddress() + ":" + inet.getPort();
    }

    /** The address as a stat's name has it. */
    static String statName(SocketAddress address) {
        return address instanceof InternalAddress internal
                ? "envoy_internal_" + internal.listener()
                : text(address).replace(':', '_');
    }

    /** Whether two listeners can't both have the address. */
    static boolean clash(SocketAddress a, SocketAddress b) {
        return a.equals(b) && (port(a) == null || !Integer.valueOf(0).equals(port(a)));
    }

    private static @Nullable Integer port(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet.getPort() : null;
    }
}
