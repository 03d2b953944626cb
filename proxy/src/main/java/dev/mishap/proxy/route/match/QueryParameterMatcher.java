package dev.mishap.proxy.route.match;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.WireText;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Matches the first value of one query parameter, as {@code envoy.config.route.v3.QueryParameterMatcher}. Nothing is
 * percent-decoded.
 */
public final class QueryParameterMatcher {
    public static final SupportedFields FIELDS = SupportedFields.of("envoy.config.route.v3.QueryParameterMatcher")
            .supported("name", "string_match", "present_match");

    private final String name; // one char a byte
    private final @Nullable StringMatcher value;
    private final boolean present;

    private QueryParameterMatcher(String name, @Nullable StringMatcher value, boolean present) {
        this.name = WireText.encode(name);
        this.value = value;
        this.present = present;
    }

    public static List<QueryParameterMatcher> listFrom(List<ConfigNode> nodes) {
        List<QueryParameterMatcher> matchers = new ArrayList<>(nodes.size());
        for (ConfigNode node : nodes) {
            matchers.add(from(node));
        }
        return List.copyOf(matchers);
    }

    public static QueryParameterMatcher from(ConfigNode node) {
        String kind = node.oneof("query_parameter_match_specifier");
        if ("string_match".equals(kind)) {
            return of(node.string("name"), StringMatcher.from(node.required("string_match")));
        }
        return present(node.string("name"), kind == null || node.bool("present_match", false));
    }

    /** A matcher of the parameter's first value. */
    public static QueryParameterMatcher of(String name, StringMatcher value) {
        return new QueryParameterMatcher(name, value, true);
    }

    /** A matcher of whether the parameter is there. */
    public static QueryParameterMatcher present(String name, boolean present) {
        return new QueryParameterMatcher(name, null, present);
    }

    /** Whether all match the target that is entry {@code pathIndex}, whose path ends at {@code pathEnd}. */
    public static boolean allMatch(
            List<QueryParameterMatcher> matchers, HeaderMap headers, int pathIndex, int pathEnd) {
        if (matchers.isEmpty()) {
            return true;
        }
        String target = headers.value(pathIndex);
        int query = target.indexOf('?', pathEnd);
        for (int i = 0; i < matchers.size(); i++) {
            if (!matchers.get(i).matches(target, query < 0 ? target.length() : query + 1)) {
                return false;
            }
        }
        return true;
    }

    /** Whether the parameters from {@code at} on match. */
    private boolean matches(String target, int at) {
        int length = target.length();
        int start = at;
        while (start < length) {
            int end = target.indexOf('&', start);
            if (end < 0) {
                end = length;
            }
            int equals = target.indexOf('=', start);
            int nameEnd = equals < 0 || equals > end ? end : equals;
            if (nameEnd - start == name.length() && target.startsWith(name, start)) {
                return present && (value == null || value.matches(target.substring(Math.min(nameEnd + 1, end), end)));
            }
            start = end + 1;
        }
        return !present;
    }
}
