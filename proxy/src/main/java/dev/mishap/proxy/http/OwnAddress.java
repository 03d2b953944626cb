package dev.mishap.proxy.http;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/** The machine's first IPv4 address that others can see: what a local client is called in x-forwarded-for. Looked up once. */
public final class OwnAddress {
    private OwnAddress() {}

    private static final class Holder {
        static final @Nullable String IPV4 = find();
    }

    /** The address, or null when the machine has only loopback. */
    public static @Nullable String ipv4() {
        return Holder.IPV4;
    }

    private static @Nullable String find() {
        try {
            for (NetworkInterface i : NetworkInterface.networkInterfaces().toList()) {
                if (i.isLoopback() || !i.isUp()) {
                    continue;
                }
                for (InterfaceAddress a : i.getInterfaceAddresses()) {
                    if (a.getAddress() instanceof Inet4Address v4 && !v4.isLoopbackAddress()) {
                        return v4.getHostAddress();
                    }
                }
            }
        } catch (SocketException e) {
            // Without interfaces to ask, the peer's own address has to do.
        }
        return null;
    }

    /** Whether Envoy takes an address for loopback: 127.0.0.1 and ::1, not the rest of 127.0.0.0/8. */
    public static boolean isLoopback(InetAddress address) {
        byte[] bytes = address.getAddress();
        return address.isLoopbackAddress() && (bytes.length != 4 || bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 1);
    }
}
