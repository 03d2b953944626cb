package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.common.matching.RequestFacts;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;

/**
 * What an object must be like that a filter left with the connection or the request: {@code
 * envoy.type.matcher.v3.FilterStateMatcher}.
 */
record FilterStateMatch(String key, StringMatcher value) {
    static List<FilterStateMatch> listFrom(List<ConfigNode> nodes) {
        List<FilterStateMatch> all = new ArrayList<>();
        for (ConfigNode node : nodes) {
            all.add(new FilterStateMatch(node.string("key"), StringMatcher.from(node.required("string_match"))));
        }
        return List.copyOf(all);
    }

    static boolean allMatch(List<FilterStateMatch> all, HttpStream stream) {
        for (int i = 0; i < all.size(); i++) {
            FilterStateMatch each = all.get(i);
            if (!(new RequestFacts(stream).filterState(each.key) instanceof String text)
                    || !each.value.matchesText(text)) {
                return false;
            }
        }
        return true;
    }
}
