package dev.mishap.control.security;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** Beyond this machine there is TLS, unless somebody says that there need be none. */
public final class Exposure {
    private Exposure() {}

    /**
     * Whether nobody but this machine can reach an address.
     *
     * @throws IllegalArgumentException when it cannot be resolved
     */
    public static boolean isLoopback(String host) {
        if (host.isEmpty() || host.equals("*")) {
            return false;
        }
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("'" + host + "' cannot be resolved", e);
        }
    }

    /** Why a server may not listen so; null when it may. */
    public static @Nullable String refusal(String what, String host, boolean tls, boolean insecure) {
        if (tls || insecure || isLoopback(host)) {
            return null;
        }
        return what + " on " + (host.isEmpty() ? "all addresses" : host)
                + " would be in plain text for others to read and change: give --tls-cert and --tls-key, listen on 127.0.0.1,"
                + " or say --insecure";
    }

    /** Whether a Host header names this machine by a name that no DNS server can give to another. */
    static boolean isLocalName(String host) {
        String name = host;
        int colon = name.lastIndexOf(':');
        if (colon >= 0 && name.indexOf(']') < colon && (name.startsWith("[") || name.indexOf(':') == colon)) {
            name = name.substring(0, colon);
        }
        name = name.toLowerCase(java.util.Locale.ROOT);
        return name.equals("localhost")
                || name.endsWith(".localhost")
                || name.equals("[::1]")
                || name.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
    }
}
