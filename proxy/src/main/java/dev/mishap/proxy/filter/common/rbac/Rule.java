package dev.mishap.proxy.filter.common.rbac;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.common.matching.Facts;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.route.match.MetadataMatcher;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** One condition of a policy: a permission or a principal. */
@FunctionalInterface
interface Rule {
    boolean matches(Facts facts);

    static Rule all(List<Rule> rules) {
        return facts -> {
            for (int i = 0; i < rules.size(); i++) {
                if (!rules.get(i).matches(facts)) {
                    return false;
                }
            }
            return true;
        };
    }

    static Rule any(List<Rule> rules) {
        return facts -> {
            for (int i = 0; i < rules.size(); i++) {
                if (rules.get(i).matches(facts)) {
                    return true;
                }
            }
            return false;
        };
    }

    static List<Rule> list(List<ConfigNode> nodes, Function<ConfigNode, Rule> reader) {
        return nodes.stream().map(reader).toList();
    }

    static Rule header(ConfigNode node) {
        HeaderMatcher matcher = HeaderMatcher.from(node);
        return facts -> {
            HeaderMap headers = facts.headers();
            return headers != null && matcher.matches(headers);
        };
    }

    static Rule path(ConfigNode node) {
        StringMatcher matcher = StringMatcher.from(node.required("path"));
        return facts -> {
            HeaderMap headers = facts.headers();
            String target = headers == null ? null : headers.get(HeaderName.PATH);
            return target != null && matcher.matches(pathOf(target));
        };
    }

    /** A request target without its query and fragment. */
    static String pathOf(String target) {
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c == '?' || c == '#') {
                return target.substring(0, i);
            }
        }
        return target;
    }

    static Rule metadata(ConfigNode matcherNode, boolean ofRoute) {
        MetadataMatcher matcher = MetadataMatcher.from(matcherNode);
        String namespace = matcherNode.string("filter");
        return facts -> {
            Map<String, Object> fields = ofRoute ? facts.routeMetadata(namespace) : facts.dynamicMetadata(namespace);
            return matcher.matchesFields(fields);
        };
    }

    static Rule sourcedMetadata(ConfigNode node) {
        return metadata(
                node.required("metadata_matcher"),
                node.enumName("metadata_source").equals("ROUTE"));
    }
}
