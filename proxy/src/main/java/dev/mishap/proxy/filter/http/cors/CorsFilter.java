package dev.mishap.proxy.filter.http.cors;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Answers preflights and tells browsers who may read a response. Each setting comes from the most specific level that has it; the
 * most specific level alone decides whether the filter acts.
 */
final class CorsFilter implements HttpFilter {
    private static final HeaderName ORIGIN = HeaderName.of("origin");
    private static final HeaderName REQUEST_METHOD = HeaderName.of("access-control-request-method");
    private static final HeaderName REQUEST_HEADERS = HeaderName.of("access-control-request-headers");
    private static final HeaderName REQUEST_PRIVATE_NETWORK = HeaderName.of("access-control-request-private-network");
    private static final HeaderName ALLOW_ORIGIN = HeaderName.of("access-control-allow-origin");
    private static final HeaderName ALLOW_METHODS = HeaderName.of("access-control-allow-methods");
    private static final HeaderName ALLOW_HEADERS = HeaderName.of("access-control-allow-headers");
    private static final HeaderName ALLOW_CREDENTIALS = HeaderName.of("access-control-allow-credentials");
    private static final HeaderName ALLOW_PRIVATE_NETWORK = HeaderName.of("access-control-allow-private-network");
    private static final HeaderName EXPOSE_HEADERS = HeaderName.of("access-control-expose-headers");
    private static final HeaderName MAX_AGE = HeaderName.of("access-control-max-age");

    /** The stats {@code http.<stat_prefix>.cors.*}. */
    record Stats(Counter originValid, Counter originInvalid) {}

    private final String name;
    private final Stats stats;
    private final RandomSource random;
    private List<Object> policies = List.of();
    /** The origin of a request whose response may be read, else null. */
    private @Nullable String origin;

    CorsFilter(String name, Stats stats, RandomSource random) {
        this.name = name;
        this.stats = stats;
        this.random = random;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        int at = headers.indexOf(ORIGIN);
        if (at < 0 || headers.valueLength(at) == 0) {
            return Flow.CONTINUE;
        }
        SelectedRoute route = stream.route();
        policies = route == null || !route.forwards() ? List.of() : stream.perFilterConfigs(name);
        if (policies.isEmpty() && route != null && route.forwards()) {
            policies = stream.perFilterConfigs(SelectedRoute.LEGACY_CORS);
        }
        if (policies.isEmpty() || !(policies.get(0) instanceof CorsPolicy first)) {
            return Flow.CONTINUE;
        }
        boolean enabled = first.enabled() == null || included(stream, first.enabled());
        if (!enabled && (first.shadow() == null || !included(stream, first.shadow()))) {
            return Flow.CONTINUE;
        }
        boolean allowed = allowed(headers, at);
        (allowed ? stats.originValid() : stats.originInvalid()).inc();
        if (!enabled) {
            return Flow.CONTINUE;
        }
        if (allowed) {
            origin = headers.value(at);
        }
        boolean preflight = "OPTIONS".equals(headers.get(HeaderName.METHOD)) && hasText(headers, REQUEST_METHOD);
        if (!preflight || !allowed && !Boolean.FALSE.equals(first(CorsPolicy::forwardNotMatching))) {
            return Flow.CONTINUE;
        }
        boolean privateNetwork = "true".equals(headers.get(REQUEST_PRIVATE_NETWORK))
                && Boolean.TRUE.equals(first(CorsPolicy::privateNetwork));
        boolean credentials = Boolean.TRUE.equals(first(CorsPolicy::credentials));
        String method = headers.get(REQUEST_METHOD);
        String names = headers.get(REQUEST_HEADERS);
        stream.sendHeaders(200, "cors_response", response -> {
            if (credentials) { // whoever asks
                response.set(ALLOW_CREDENTIALS, "true");
            }
            allow(response, ALLOW_METHODS, text(CorsPolicy::methods), method);
            allow(response, ALLOW_HEADERS, text(CorsPolicy::headers), names);
            set(response, MAX_AGE, CorsPolicy::maxAge);
            if (privateNetwork) {
                response.set(ALLOW_PRIVATE_NETWORK, "true");
            }
        });
        return Flow.PAUSE;
    }

    /** What is allowed; where that is anything, what was asked for is. */
    private static void allow(HeaderMap response, HeaderName name, String allowed, @Nullable String asked) {
        if (!allowed.isEmpty()) {
            response.set(name, !allowed.equals("*") ? allowed : asked == null ? "" : asked);
        }
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (origin != null) {
            headers.set(ALLOW_ORIGIN, origin);
            if (Boolean.TRUE.equals(first(CorsPolicy::credentials))) {
                headers.set(ALLOW_CREDENTIALS, "true");
            }
            set(headers, EXPOSE_HEADERS, CorsPolicy::exposeHeaders);
        }
        return Flow.CONTINUE;
    }

    private boolean included(HttpStream stream, RuntimeFraction fraction) {
        return fraction.includes(stream.runtime(), random.next());
    }

    private static boolean hasText(HeaderMap headers, HeaderName name) {
        int i = headers.indexOf(name);
        return i >= 0 && headers.valueLength(i) > 0;
    }

    private boolean allowed(HeaderMap headers, int at) {
        for (int i = 0; i < policies.size(); i++) {
            if (policies.get(i) instanceof CorsPolicy p && !p.origins().isEmpty()) {
                return p.anyOrigin() || anyMatches(p.origins(), headers, at);
            }
        }
        return false;
    }

    private static boolean anyMatches(List<StringMatcher> origins, HeaderMap headers, int at) {
        for (int i = 0; i < origins.size(); i++) {
            if (origins.get(i).matches(headers, at)) {
                return true;
            }
        }
        return false;
    }

    private @Nullable Boolean first(Function<CorsPolicy, @Nullable Boolean> setting) {
        for (Object policy : policies) {
            Boolean value = policy instanceof CorsPolicy p ? setting.apply(p) : null;
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    private void set(HeaderMap headers, HeaderName header, Function<CorsPolicy, String> setting) {
        String value = text(setting);
        if (!value.isEmpty()) {
            headers.set(header, value);
        }
    }

    /** The setting of the first policy that has it, or nothing. */
    private String text(Function<CorsPolicy, String> setting) {
        for (Object policy : policies) {
            String value = policy instanceof CorsPolicy p ? setting.apply(p) : "";
            if (!value.isEmpty()) {
                return value;
            }
        }
        return "";
    }
}
