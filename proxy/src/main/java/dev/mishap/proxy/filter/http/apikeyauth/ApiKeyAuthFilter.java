package dev.mishap.proxy.filter.http.apikeyauth;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.InvalidValues;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.observe.stats.Counter;
import java.util.List;
import java.util.Map;

/** Answers 401 to whoever has no key of a client, and 403 when the route is not for that client. */
final class ApiKeyAuthFilter implements HttpFilter {
    /** What all requests of a chain share. */
    record Config(String filterName, ApiKeys keys, Counter allowed, Counter unauthorized, Counter forbidden) {}

    private final Config config;

    ApiKeyAuthFilter(Config config) {
        this.config = config;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        ApiKeys route = stream.perFilterConfig(config.filterName()) instanceof ApiKeys ofRoute ? ofRoute : null;
        List<KeySource> sources =
                route == null || route.sources().isEmpty() ? config.keys().sources() : route.sources();
        Map<String, String> clients =
                route == null || route.clients().isEmpty() ? config.keys().clients() : route.clients();
        if (sources.isEmpty()) {
            return unauthorized(stream, "missing_key_sources");
        }
        if (clients.isEmpty()) {
            return unauthorized(stream, "missing_credentials");
        }
        String key = key(sources, headers);
        if (key.isEmpty()) {
            return unauthorized(stream, "missing_api_key");
        }
        String client = clients.get(key);
        if (client == null) {
            return unauthorized(stream, "unknown_api_key");
        }
        if (route != null && !route.allowed().isEmpty() && !route.allowed().contains(client)) {
            config.forbidden().inc();
            stream.sendLocalReply(LocalReply.of(403, "Client is forbidden.", "client_not_allowed"));
            return Flow.PAUSE;
        }
        ApiKeys.Forwarding forwarding =
                route == null || route.forwarding() == null ? config.keys().forwarding() : route.forwarding();
        config.allowed().inc();
        if (forwarding == null) {
            return Flow.CONTINUE;
        }
        forward(forwarding, sources, client, headers);
        return forwarding.hides() ? InvalidValues.check(stream, headers) : Flow.CONTINUE;
    }

    private static void forward(
            ApiKeys.Forwarding forwarding, List<KeySource> sources, String client, HeaderMap headers) {
        if (forwarding.hides()) {
            sources.forEach(source -> source.hide(headers));
        }
        if (forwarding.header() != null) {
            headers.set(forwarding.header(), WireText.encode(client));
        }
    }

    private static String key(List<KeySource> sources, HeaderMap headers) {
        for (int i = 0; i < sources.size(); i++) {
            String key = sources.get(i).key(headers);
            if (!key.isEmpty()) {
                return key;
            }
        }
        return "";
    }

    private Flow unauthorized(HttpStream stream, String details) {
        config.unauthorized().inc();
        stream.sendLocalReply(LocalReply.of(401, "Client authentication failed.", details));
        return Flow.PAUSE;
    }
}
