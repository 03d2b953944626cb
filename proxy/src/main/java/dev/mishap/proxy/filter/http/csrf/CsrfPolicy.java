package dev.mishap.proxy.filter.http.csrf;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code CsrfPolicy} of the filter or of a route, which stands in for the filter's.
 *
 * @param enabled of how many requests those from elsewhere are refused
 * @param shadow of how many others they are counted alone; null = none
 * @param origins hosts with their ports that may send requests besides the one that is asked
 */
record CsrfPolicy(RuntimeFraction enabled, @Nullable RuntimeFraction shadow, List<StringMatcher> origins) {
    static CsrfPolicy from(ConfigNode node) {
        ConfigNode shadow = node.message("shadow_enabled");
        return new CsrfPolicy(
                RuntimeFraction.from(node.required("filter_enabled")),
                shadow == null ? null : RuntimeFraction.from(shadow),
                node.messages("additional_origins").stream()
                        .map(StringMatcher::from)
                        .toList());
    }
}
