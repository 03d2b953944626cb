package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The host that a request goes to, as TLS names it. */
final class ServerNames {
    private ServerNames() {}

    static @Nullable String of(UpstreamHttpConfig.AutoSni auto, HeaderMap request) {
        String host = auto.header().isEmpty()
                ? null
                : request.get(HeaderName.of(auto.header().toLowerCase(Locale.ROOT)));
        if (host == null || host.isEmpty()) {
            host = request.get(HeaderName.AUTHORITY);
        }
        return host == null ? null : withoutPort(host).toLowerCase(Locale.ROOT);
    }

    static String withoutPort(String host) {
        int bracket = host.indexOf(']');
        if (host.startsWith("[") && bracket > 0) {
            return host.substring(1, bracket);
        }
        int colon = host.indexOf(':');
        return colon < 0 || host.indexOf(':', colon + 1) >= 0 ? host : host.substring(0, colon);
    }
}
