package dev.mishap.proxy.admin;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request to the admin server, complete with its body.
 *
 * @param path without the query, percent escapes resolved
 * @param query parameters in order, percent escapes resolved; of a repeated one the first
 * @param repeatedParameters names that were given more than once
 * @param headers by lower-case name; of a repeated one the first
 * @param peer who asks: an InetSocketAddress, or the address of a unix socket
 */
public record AdminRequest(
        String method,
        String path,
        Map<String, String> query,
        List<String> repeatedParameters,
        Map<String, String> headers,
        byte[] body,
        SocketAddress peer) {
    /** A query parameter, or null. */
    public @Nullable String parameter(String name) {
        return query.get(name);
    }

    /** A header by its lower-case name, or null. */
    public @Nullable String header(String lowerCaseName) {
        return headers.get(lowerCaseName);
    }

    /** Whether the peer is on this machine: loopback, or a unix socket. */
    public boolean isLocal() {
        return !(peer instanceof InetSocketAddress inet) || inet.getAddress().isLoopbackAddress();
    }
}
