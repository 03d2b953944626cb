package dev.mishap.proxy.route;

import dev.mishap.proxy.route.match.RegexSubstitution;
import dev.mishap.proxy.route.match.UriTemplate;
import org.jspecify.annotations.Nullable;

/**
 * A change of the request's path; the query stays. One of the three is given.
 *
 * @param prefix what replaces the matched part of the path, one char a byte, or null
 * @param regex what is replaced in the path, or null
 * @param template the new path in the variables of the route's template, or null
 */
record PathRewrite(@Nullable String prefix, @Nullable RegexSubstitution regex, UriTemplate.@Nullable Rewrite template) {
    /** {@code target} rewritten; {@code matched} is how much of it the route matched. */
    String apply(String target, int matched) {
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
}
