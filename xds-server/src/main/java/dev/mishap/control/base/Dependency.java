package dev.mishap.control.base;

import dev.mishap.rules.FaultRule;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Something that services call, and that their proxies stand in front of.
 *
 * @param name of its listener, routes and cluster; a gRPC client without a proxy asks for {@code xds:///name}
 * @param listen where proxies listen for calls to it
 * @param endpoints where it is; addresses and names are not mixed
 * @param protocol what it speaks
 * @param tls how its certificate is checked; null = it speaks clear text
 */
public record Dependency(
        String name,
        HostPort listen,
        List<HostPort> endpoints,
        Protocol protocol,
        @Nullable Tls tls) {
    private static final Pattern ADDRESS = Pattern.compile("[0-9]+(\\.[0-9]+){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    /** What a dependency speaks. */
    public enum Protocol {
        HTTP,
        HTTP2,
        GRPC,
        TCP,
        /** A resolver, asked over UDP and TCP. */
        DNS;

        /** Whether requests of HTTP can be told apart in it. */
        public boolean isHttp() {
            return this != TCP && this != DNS;
        }
    }

    /**
     * How a certificate is checked.
     *
     * @param serverName that it is for, and that is sent as SNI
     * @param ca a file of the proxies' machines with the authority, PEM
     */
    public record Tls(String serverName, String ca) {}

    /** A host and a port. */
    public record HostPort(String host, int port) {
        public HostPort {
            if (host.isEmpty() || host.length() > 253 || host.chars().anyMatch(c -> c <= ' ' || c == '/')) {
                throw new IllegalArgumentException("expected a host name or an address, got '" + host + "'");
            }
            if (port < 1 || port > 65535) {
                throw new IllegalArgumentException("a port must be from 1 to 65535, got " + port);
            }
        }

        /** Reads {@code host:port} or {@code [address]:port}. */
        public static HostPort parse(String text) {
            int colon = text.lastIndexOf(':');
            String host = colon < 0 ? "" : text.substring(0, colon);
            if (host.startsWith("[") && host.endsWith("]")) {
                host = host.substring(1, host.length() - 1);
            } else if (host.indexOf(':') >= 0) {
                host = "";
            }
            if (host.isEmpty() || colon == text.length() - 1) {
                throw new IllegalArgumentException("expected host:port, got '" + text + "'");
            }
            return new HostPort(host, port(text.substring(colon + 1), text));
        }

        static int port(String digits, String whole) {
            if (digits.isEmpty() || digits.length() > 5 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
                throw new IllegalArgumentException("expected a port from 1 to 65535, got '" + whole + "'");
            }
            return Integer.parseInt(digits);
        }

        boolean isAddress() {
            return ADDRESS.matcher(host).matches();
        }

        @Override
        public String toString() {
            return (host.indexOf(':') >= 0 ? '[' + host + ']' : host) + ':' + port;
        }
    }

    public Dependency {
        FaultRule.requireName("a dependency's name", name, 128);
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("dependency " + name + " needs an endpoint");
        }
        if (endpoints.stream().map(HostPort::isAddress).distinct().count() > 1) {
            throw new IllegalArgumentException(
                    "dependency " + name + ": its endpoints must all be addresses or all be names");
        }
        if (protocol == Protocol.DNS && (!endpoints.get(0).isAddress() || tls != null)) {
            throw new IllegalArgumentException(
                    "dependency " + name + ": resolvers are given by their addresses, and asked without TLS");
        }
    }

    /**
     * Refuses what one proxy could not have at one time.
     *
     * @throws IllegalArgumentException naming two that have a name or an address to listen on in common
     */
    public static void requireDistinct(List<Dependency> dependencies) {
        Map<String, Dependency> names = new HashMap<>();
        Map<HostPort, Dependency> addresses = new HashMap<>();
        for (Dependency each : dependencies) {
            if (names.putIfAbsent(each.name, each) != null) {
                throw new IllegalArgumentException("two dependencies are called '" + each.name
                        + "': give each a name of its own; several endpoints of one are a list in --config FILE");
            }
            Dependency other = addresses.putIfAbsent(each.listen, each);
            if (other != null) {
                throw new IllegalArgumentException("dependencies '" + other.name + "' and '" + each.name
                        + "' both listen on " + each.listen + ": give one another port, as in " + each.name
                        + "=10099:" + each.endpoints.get(0));
            }
        }
    }

    /**
     * Reads {@code name=host:port}, {@code name=listenPort:host:port}, both with {@code protocol://} before the host if it is not http, as
     * {@code payments=10001:http2://payments.internal:8443}.
     *
     * @param defaultPort where to listen when it does not say, on 127.0.0.1
     */
    public static Dependency parse(String text, int defaultPort) {
        int equals = text.indexOf('=');
        if (equals < 1) {
            throw new IllegalArgumentException("expected name=host:port, got '" + text + "'");
        }
        String rest = text.substring(equals + 1);
        int port = defaultPort;
        int first = rest.indexOf(':');
        if (first > 0 && rest.substring(0, first).chars().allMatch(c -> c >= '0' && c <= '9')) {
            port = HostPort.port(rest.substring(0, first), rest);
            rest = rest.substring(first + 1);
        }
        Protocol protocol = Protocol.HTTP;
        int scheme = rest.indexOf("://");
        if (scheme >= 0) {
            protocol = protocol(rest.substring(0, scheme));
            rest = rest.substring(scheme + 3);
        }
        return new Dependency(
                text.substring(0, equals),
                new HostPort("127.0.0.1", port),
                List.of(HostPort.parse(rest)),
                protocol,
                null);
    }

    static Protocol protocol(String text) {
        for (Protocol each : Protocol.values()) {
            if (each.name().equalsIgnoreCase(text)) {
                return each;
            }
        }
        throw new IllegalArgumentException("expected http, http2, grpc, tcp or dns, got '" + text + "'");
    }
}
