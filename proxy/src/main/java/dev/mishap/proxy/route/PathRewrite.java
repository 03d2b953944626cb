package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.route.match.RegexSubstitution;
import dev.mishap.proxy.route.match.UriTemplate;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A change of the request's path; the query stays. One of the four is given.
 *
 * @param prefix what replaces the matched part of the path, one char a byte, or null
 * @param regex what is replaced in the path, or null
 * @param template the new path in the variables of the route's template, or null
 * @param format what makes the path out of the request, or null; nothing leaves it as it is
 */
record PathRewrite(
        @Nullable String prefix,
        @Nullable RegexSubstitution regex,
        UriTemplate.@Nullable Rewrite template,
        @Nullable HeaderFormat format) {
    /**
     * The target rewritten, or null when it stays as it is.
     *
     * @param matched how much of it the route matched
     */
    @Nullable
    String apply(String target, int matched, HeaderMap request, StreamInfo info) {
        if (format != null) {
            String path = format.value(info, request, null, null);
            return path.isEmpty() ? null : escaped(path) + target.substring(Paths.pathEnd(target));
        }
        if (prefix != null) {
            return prefix + target.substring(Math.min(matched, target.length()));
        }
        int end = Paths.pathEnd(target);
        String path = target.substring(0, end);
        String rewritten = null;
        if (regex != null) {
            rewritten = regex.apply(path);
        } else if (template != null) {
            rewritten = template.apply(path);
        }
        return rewritten == null ? target : rewritten + target.substring(end);
    }

    /** What a request line cannot hold is escaped, where Envoy sends it as it is: a client's header may have brought it. */
    private static String escaped(String path) {
        StringBuilder out = null;
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c <= ' ' || c == 0x7f) {
                if (out == null) {
                    out = new StringBuilder(path.length() + 8).append(path, 0, i);
                }
                out.append(c < 0x10 ? "%0" : "%").append(Integer.toHexString(c).toUpperCase(Locale.ROOT));
            } else if (out != null) {
                out.append(c);
            }
        }
        return out == null ? path : out.toString();
    }
}
