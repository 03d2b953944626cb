package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.route.InternalRedirectPolicy;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Turns a request into the one that a redirect of its upstream asks for, if the route's policy lets it. */
final class InternalRedirect {
    private static final HeaderName ORIGINAL_URL = HeaderName.of("x-envoy-original-url");

    private final Call call;
    private final InternalRedirectPolicy policy;
    private final HeaderMap request;

    private InternalRedirect(Call call, InternalRedirectPolicy policy) {
        this.call = call;
        this.policy = policy;
        this.request = call.stream().requestHeaders();
    }

    /** Whether the request's headers are now those of the next one; if not, they are as they were. */
    static boolean prepare(Call call, InternalRedirectPolicy policy, HeaderMap response, int status) {
        return new InternalRedirect(call, policy).prepare(response, status);
    }

    private boolean prepare(HeaderMap response, int status) {
        String location = response.get(HeaderName.LOCATION);
        if (location == null) {
            return false;
        }
        int scheme = location.indexOf("://");
        String to = scheme < 0 ? "" : location.substring(0, scheme).toLowerCase(Locale.ROOT);
        int hostEnd = scheme < 0 ? 0 : authorityEnd(location, scheme + 3);
        if (!to.equals("http") && !to.equals("https") || hostEnd == scheme + 3) {
            return refused("bad_location");
        }
        boolean fromHttps = "https".equals(request.get(HeaderName.SCHEME));
        boolean toHttps = to.equals("https");
        if (!policy.crossScheme() && fromHttps != toHttps) {
            return refused("unsafe_scheme");
        }
        StreamInfo info = call.info();
        if (info.internalRedirects >= policy.maxHops()) {
            return refused("too_many_redirects");
        }
        HeaderMap saved = call.loop().headerMap();
        saved.copyFrom(request);
        try {
            copyHeaders(response);
            String target = location.substring(hostEnd);
            int fragment = target.indexOf('#');
            target = fragment < 0 ? target : target.substring(0, fragment);
            request.set(HeaderName.SCHEME, to);
            request.set(HeaderName.AUTHORITY, location.substring(scheme + 3, hostEnd));
            request.set(HeaderName.PATH, target.startsWith("/") ? target : "/" + target);
            String cause = forbidden(fromHttps, toHttps);
            if (cause != null) {
                request.copyFrom(saved);
                return refused(cause);
            }
            String method = request.get(HeaderName.METHOD);
            if (status == 303 && !"GET".equals(method) && !"HEAD".equals(method)) {
                request.set(HeaderName.METHOD, "GET");
                request.remove(HeaderName.CONTENT_LENGTH);
            }
            request.set(
                    ORIGINAL_URL,
                    (fromHttps ? "https" : "http") + "://" + text(saved, HeaderName.AUTHORITY)
                            + text(saved, HeaderName.PATH));
            info.internalRedirects++;
            return true;
        } finally {
            call.loop().giveBack(saved);
        }
    }

    private static String text(HeaderMap headers, HeaderName name) {
        String value = headers.get(name);
        return value == null ? "" : value;
    }

    private static int authorityEnd(String location, int from) {
        int end = from;
        while (end < location.length() && "/?#".indexOf(location.charAt(end)) < 0) {
            end++;
        }
        return end;
    }

    private void copyHeaders(HeaderMap response) {
        for (HeaderName name : policy.copiedHeaders()) {
            request.remove(name);
            for (int i = response.indexOf(name); i >= 0; i = response.indexOf(name, i + 1)) {
                request.add(name, response.value(i));
            }
        }
    }

    /** Which rule the new target breaks; null when none. */
    private @Nullable String forbidden(boolean fromHttps, boolean toHttps) {
        HttpStream stream = call.stream();
        stream.clearRouteCache();
        SelectedRoute target = stream.route();
        if (target == null) {
            return "no_route";
        }
        boolean fits = (policy.allowedRoutes() == null || policy.allowedRoutes().contains(target.name()))
                && (!policy.safeCrossScheme() || fromHttps || !toHttps)
                && (!policy.eachRouteOnce()
                        || call.info().redirectedTo(call.entry().name(), target.name()));
        return fits ? null : "predicate";
    }

    private boolean refused(String cause) {
        call.config().stats.redirectRefused(cause);
        return false;
    }
}
