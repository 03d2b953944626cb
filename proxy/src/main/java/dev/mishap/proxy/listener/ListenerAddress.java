package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigNode;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** Addresses that listeners are bound to. */
final class ListenerAddress {
    private ListenerAddress() {}

    /** {@code Listener.address}. */
    static InetSocketAddress from(ConfigNode listener) {
        ConfigNode address = listener.message("address");
        if (address == null) {
            throw new ListenerException("address is necessary");
        }
        if (address.message("pipe") != null) {
            throw address.error("pipe", "is not supported for a listener");
        }
        ConfigNode socket = address.required("socket_address");
        if (!socket.enumName("protocol").equals("TCP")) {
            throw socket.error("protocol", socket.enumName("protocol") + " is not supported");
        }
        String host = socket.string("address");
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(host);
        if (bytes == null) {
            throw new ListenerException("malformed IP address: " + host
                    + ". Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'");
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), (int) socket.integer("port_value", 0));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The address as text, {@code 127.0.0.1:80} or {@code [::1]:80}. */
    static String text(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        return ip.getAddress().length == 16
                ? "[" + NetUtil.toAddressString(ip) + "]:" + address.getPort()
                : ip.getHostAddress() + ":" + address.getPort();
    }

    /** The address as a stat's name has it. */
    static String statName(InetSocketAddress address) {
        return text(address).replace(':', '_');
    }
}
