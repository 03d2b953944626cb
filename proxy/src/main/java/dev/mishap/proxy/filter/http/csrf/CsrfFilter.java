package dev.mishap.proxy.filter.http.csrf;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.match.StringMatcher;
import org.jspecify.annotations.Nullable;

/** Answers 403 to requests that change something and that a page of another site made a browser send. */
final class CsrfFilter implements HttpFilter {
    private static final HeaderName ORIGIN = HeaderName.of("origin");
    private static final HeaderName REFERER = HeaderName.of("referer");
    private static final LocalReply INVALID = LocalReply.of(403, "Invalid origin", "csrf_origin_mismatch");

    /** What all requests of a chain share. */
    record Config(
            String filterName,
            CsrfPolicy policy,
            RandomSource random,
            Counter missingSourceOrigin,
            Counter requestInvalid,
            Counter requestValid) {}

    private final Config config;

    CsrfFilter(Config config) {
        this.config = config;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (!changesSomething(headers.get(HeaderName.METHOD))) {
            return Flow.CONTINUE;
        }
        CsrfPolicy policy =
                stream.perFilterConfig(config.filterName()) instanceof CsrfPolicy ofRoute ? ofRoute : config.policy();
        boolean enabled = includes(stream, policy.enabled());
        if (!enabled && (policy.shadow() == null || !includes(stream, policy.shadow()))) {
            return Flow.CONTINUE;
        }
        String source = source(headers);
        if (source.isEmpty()) {
            config.missingSourceOrigin().inc();
        } else if (isValid(source, headers, policy)) {
            config.requestValid().inc();
            return Flow.CONTINUE;
        } else {
            config.requestInvalid().inc();
        }
        if (!enabled) {
            return Flow.CONTINUE;
        }
        stream.sendLocalReply(INVALID);
        return Flow.PAUSE;
    }

    private boolean includes(HttpStream stream, RuntimeFraction fraction) {
        return fraction.includes(stream.runtime(), config.random().next());
    }

    private static boolean changesSomething(@Nullable String method) {
        return "POST".equals(method) || "PUT".equals(method) || "DELETE".equals(method) || "PATCH".equals(method);
    }

    private static boolean isValid(String source, HeaderMap headers, CsrfPolicy policy) {
        String target = headers.get(HeaderName.AUTHORITY);
        if (source.equals(hostAndPort(target == null ? "" : target))) {
            return true;
        }
        for (StringMatcher origin : policy.origins()) {
            if (origin.matches(source)) {
                return true;
            }
        }
        return false;
    }

    /** The host, with its port if it says one, that the page is of; {@code ""} when the browser does not tell. */
    private static String source(HeaderMap headers) {
        String origin = headers.get(ORIGIN);
        if ("null".equals(origin)) {
            return ""; // a page of no site, about which Referer is not asked
        }
        if (origin != null && !origin.isEmpty()) {
            return hostAndPort(origin);
        }
        String referer = headers.get(REFERER);
        return referer == null ? "" : hostAndPort(referer);
    }

    /** Host and port of a URL; what is no URL is taken for them as it is. */
    static String hostAndPort(String url) {
        int scheme = url.indexOf("://");
        if (scheme >= 0 && !isScheme(url, scheme)) {
            return url;
        }
        int start = scheme < 0 ? 0 : scheme + 3;
        int user = start;
        int end = start;
        for (; end < url.length() && url.charAt(end) != '/' && url.charAt(end) != '?'; end++) {
            char c = url.charAt(end);
            if (c == '#' || c == '\\' || c == '@' && user > start) {
                return url; // others end the host elsewhere
            }
            user = c == '@' ? end + 1 : user;
        }
        return user == end ? url : url.substring(user, end);
    }

    private static boolean isScheme(String url, int end) {
        for (int i = 0; i < end; i++) {
            char c = url.charAt(i);
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (!letter && (i == 0 || !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.')) {
                return false;
            }
        }
        return end > 0;
    }
}
