package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import org.jspecify.annotations.Nullable;

/**
 * A redirect. What is not given stays as the request has it.
 *
 * @param status 301, 302, 303, 307 or 308
 * @param scheme the new scheme, or null
 * @param host the new host, with its port if it has one, or null
 * @param port the new port, or 0
 * @param path the new path, or null; one with a query takes the place of the request's
 * @param format what makes such a path out of the request, or null
 * @param rewrite a change of the path, or null
 * @param stripQuery whether the request's query is left out
 * @param keepPort whether the request's port stays, even when it was only the old scheme's default
 */
public record RedirectAction(
        int status,
        @Nullable String scheme,
        @Nullable String host,
        int port,
        @Nullable String path,
        @Nullable HeaderFormat format,
        @Nullable PathRewrite rewrite,
        boolean stripQuery,
        boolean keepPort)
        implements RouteAction {

    /** The value of {@code location}; {@code matched} is how much of the path the route matched. */
    String location(HeaderMap request, StreamInfo info, int matched) {
        String oldScheme = orEmpty(request.get(HeaderName.SCHEME));
        String newScheme = scheme != null ? scheme : oldScheme;
        StringBuilder url = new StringBuilder(64).append(newScheme).append("://");
        if (host != null) {
            url.append(host);
        } else {
            String forwardedProto = request.get(HeaderName.X_FORWARDED_PROTO);
            url.append(keptHost(
                    orEmpty(request.get(HeaderName.AUTHORITY)),
                    forwardedProto == null || forwardedProto.isEmpty() ? oldScheme : forwardedProto,
                    newScheme));
        }
        if (port != 0) {
            url.append(':').append(port);
        }
        String newPath = newPath(request, info, matched);
        if (!newPath.startsWith("/")) {
            url.append('/');
        }
        return url.append(newPath).toString();
    }

    /** The request's own URL. */
    static String url(HeaderMap request) {
        return orEmpty(request.get(HeaderName.SCHEME)) + "://" + orEmpty(request.get(HeaderName.AUTHORITY))
                + orEmpty(request.get(HeaderName.PATH));
    }

    /** The request's host, without its port when there is a new one or when the port was only the old scheme's default. */
    private String keptHost(String authority, String oldScheme, String newScheme) {
        int colon = authority.lastIndexOf(':');
        if (colon < 0 || authority.endsWith("]")) {
            return authority;
        }
        boolean drop = port != 0;
        if (!newScheme.equals(oldScheme) && !keepPort) {
            String oldPort = authority.substring(colon);
            drop |= oldScheme.equals("https") && oldPort.equals(":443");
            drop |= oldScheme.equals("http") && oldPort.equals(":80");
        }
        return drop ? authority.substring(0, colon) : authority;
    }

    private String newPath(HeaderMap request, StreamInfo info, int matched) {
        String target = orEmpty(request.get(HeaderName.PATH));
        String path = this.path;
        if (format != null) {
            String made = format.value(info, request, null, null);
            path = made.isEmpty() ? null : made;
        }
        if (path == null) {
            String rewritten = rewrite == null ? null : rewrite.apply(target, matched, request, info);
            String kept = rewritten == null ? target : rewritten;
            int query = kept.indexOf('?');
            return stripQuery && query >= 0 ? kept.substring(0, query) : kept;
        }
        int query = target.indexOf('?');
        return stripQuery || query < 0 || path.indexOf('?') >= 0 ? path : path + target.substring(query);
    }

    private static String orEmpty(@Nullable String value) {
        return value == null ? "" : value;
    }
}
