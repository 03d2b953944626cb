package dev.mishap.proxy.route.match;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.RequestCookies;
import java.util.List;

/**
 * Matches the first value of one cookie, as {@code envoy.config.route.v3.CookieMatcher}; a cookie that is missing does not match.
 *
 * @param invert whether it is the other way round
 */
public record CookieMatcher(String name, StringMatcher value, boolean invert) {
    public static final SupportedFields FIELDS =
            SupportedFields.of("envoy.config.route.v3.CookieMatcher").supported("name", "string_match", "invert_match");

    public static List<CookieMatcher> listFrom(List<ConfigNode> nodes) {
        return nodes.stream()
                .map(node -> new CookieMatcher(
                        node.string("name"),
                        StringMatcher.from(node.required("string_match")),
                        node.bool("invert_match", false)))
                .toList();
    }

    public static boolean allMatch(List<CookieMatcher> matchers, HeaderMap request) {
        for (int i = 0; i < matchers.size(); i++) {
            CookieMatcher matcher = matchers.get(i);
            String value = RequestCookies.value(request, matcher.name);
            if ((value != null && matcher.value.matches(value)) == matcher.invert) {
                return false;
            }
        }
        return true;
    }
}
