package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.RouteTracing;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One route of a virtual host.
 *
 * @param name {@code ""} when it has none
 * @param host the virtual host that it belongs to
 * @param pathRewrite of a route that forwards, or null
 * @param statPrefix {@code vhost.<virtual host>.route.<stat_prefix>.}, or null for a route without stats of its own
 * @param metadata {@code filter_metadata}: namespace to fields
 */
record Route(
        String name,
        VirtualHost host,
        RouteMatch match,
        RouteAction action,
        @Nullable PathRewrite pathRewrite,
        Map<String, Map<String, Object>> metadata,
        RouteTracing tracing,
        @Nullable String statPrefix) {

    /** How much of {@code target} the route's path matched, for a prefix rewrite. */
    int matchedLength(String target) {
        return match.path().matchedLength(Paths.pathEnd(target));
    }

    /**
     * The answer of a route that does not forward, else null. As in Envoy, the path of a request that is redirected with a rewrite is
     * rewritten, too, which logs tell.
     *
     * @param keepOriginals whether {@code x-envoy-original-path} tells the old one
     */
    @Nullable
    LocalReply localReply(HttpStream stream, boolean keepOriginals) {
        HeaderMap request = stream.requestHeaders();
        if (action instanceof RedirectAction redirect) {
            String target = request.get(HeaderName.PATH);
            if (target == null) {
                return reply(redirect.status(), "", null);
            }
            int matched = matchedLength(target);
            String location = redirect.location(request, stream.info(), matched);
            PathRewrite rewrite = redirect.rewrite();
            if (rewrite != null) {
                if (keepOriginals) {
                    request.set(RouteEntry.ORIGINAL_PATH, target);
                }
                String rewritten = rewrite.apply(target, matched, request, stream.info());
                request.set(HeaderName.PATH, rewritten == null ? target : rewritten);
            }
            return reply(redirect.status(), "", location);
        }
        if (action instanceof DirectResponseAction direct) {
            int status = direct.status();
            boolean pointsBack = status == 201 || status >= 300 && status < 400;
            LocalReply reply = reply(status, direct.body(stream), pointsBack ? RedirectAction.url(request) : null);
            return direct.format() == null
                    ? reply
                    : typed(reply, direct.format().contentType());
        }
        return null;
    }

    private static LocalReply typed(LocalReply reply, String contentType) {
        LocalReply.HeaderEdit others = reply.headers();
        return new LocalReply(reply.status(), reply.body(), reply.details(), reply.grpcStatus(), headers -> {
            headers.set(HeaderName.CONTENT_TYPE, contentType);
            if (others != null) {
                others.apply(headers);
            }
        });
    }

    private static LocalReply reply(int status, String body, @Nullable String location) {
        return new LocalReply(
                status,
                body,
                "direct_response",
                -1,
                location == null ? null : headers -> headers.set(HeaderName.LOCATION, location));
    }
}
