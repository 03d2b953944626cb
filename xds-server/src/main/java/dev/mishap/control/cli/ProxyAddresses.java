package dev.mishap.control.cli;

import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Admin addresses of proxies, as {@code --target} and {@code --observe} give them. */
final class ProxyAddresses {
    private ProxyAddresses() {}

    /**
     * Reads {@code SERVICE=URL} pairs.
     *
     * @return the addresses per service, in the order given, each in one spelling: {@code http://HOST:PORT}
     * @throws IllegalArgumentException for something else, or an address that is given twice for a service: its counts
     *     would be added up twice
     */
    static Map<String, List<URI>> parse(String flag, List<String> pairs) {
        Map<String, List<URI>> addresses = new LinkedHashMap<>();
        for (String pair : pairs) {
            int equals = pair.indexOf('=');
            URI uri = equals <= 0 ? null : address(pair.substring(equals + 1));
            if (uri == null) {
                throw new IllegalArgumentException(
                        flag + " " + pair + ": expected SERVICE=http://HOST:PORT, the admin address of a proxy");
            }
            List<URI> ofService = addresses.computeIfAbsent(pair.substring(0, equals), name -> new ArrayList<>());
            if (ofService.contains(uri)) {
                throw new IllegalArgumentException(flag + " " + pair + ": this proxy is given twice");
            }
            ofService.add(uri);
        }
        return addresses;
    }

    /** Whether it is an absolute http or https URL of a host, with a port that can be. */
    static boolean isHttp(URI uri) {
        return ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
                && uri.getHost() != null
                && uri.getPort() != 0
                && uri.getPort() <= 65535;
    }

    /** The admin address of a proxy, {@code [http://]HOST:PORT}; null when it is none. */
    static @Nullable URI address(String text) {
        try {
            URI uri = URI.create(text.contains("://") ? text : "http://" + text);
            boolean bare = uri.getRawUserInfo() == null
                    && (uri.getRawPath().isEmpty() || uri.getRawPath().equals("/"))
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null;
            return isHttp(uri) && bare ? URI.create(uri.getScheme() + "://" + uri.getRawAuthority()) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
