package dev.mishap.proxy.http;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which requests may turn their stream into a tunnel: those that ask for another protocol, and CONNECT. */
public final class Upgrades {
    /** The type under which {@code upgrade_configs} speak of CONNECT. */
    public static final String CONNECT = "connect";

    private static final byte[] METHOD = {'C', 'O', 'N', 'N', 'E', 'C', 'T'};

    private Upgrades() {}

    public static boolean isConnect(HeaderMap request) {
        int method = request.indexOf(HeaderName.METHOD);
        return method >= 0 && request.valueEquals(method, METHOD);
    }

    public static boolean isWebSocket(HeaderMap request) {
        int upgrade = request.indexOf(HeaderName.UPGRADE);
        return upgrade >= 0 && request.value(upgrade).equalsIgnoreCase("websocket");
    }

    /** Whether a message of HTTP/1 asks for another protocol, or agrees to it: by {@code upgrade}, and by {@code connection}, which names it (RFC 9110, 7.8). */
    public static boolean asksForProtocol(HeaderMap headers) {
        if (!headers.contains(HeaderName.UPGRADE)) {
            return false;
        }
        for (int i = 0, n = headers.size(); i < n; i++) {
            if (headers.isNamed(i, HeaderName.CONNECTION)) {
                for (String token : headers.value(i).split(",")) {
                    if (token.trim().equalsIgnoreCase("upgrade")) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** What the request asks for, in lower case; null when it is an ordinary one. */
    static @Nullable String requested(HeaderMap request, DownstreamCodec codec) {
        if (codec.upgradeRequested()) {
            String type = request.get(HeaderName.UPGRADE);
            return type == null ? "" : type.toLowerCase(Locale.ROOT);
        }
        return isConnect(request) ? CONNECT : null;
    }

    /** A route that speaks of {@code type} decides, else the connection manager does. */
    static boolean allowed(
            Map<String, ConnectionManagerConfig.Upgrade> configured, @Nullable SelectedRoute route, String type) {
        Boolean ofRoute = route == null ? null : route.upgradeEnabled(type);
        if (ofRoute != null) {
            return ofRoute;
        }
        ConnectionManagerConfig.Upgrade upgrade = configured.get(type);
        return upgrade != null && upgrade.enabled();
    }

    /** Whether these headers of a response open the tunnel that the request asked for. */
    static boolean opens(HeaderMap request, HeaderMap response, int status, DownstreamCodec codec) {
        if (codec.upgradeRequested()) {
            return status == 101 || response.contains(HeaderName.UPGRADE);
        }
        return status / 100 == 2 && isConnect(request);
    }
}
