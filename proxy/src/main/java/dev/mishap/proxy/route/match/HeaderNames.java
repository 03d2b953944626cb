package dev.mishap.proxy.route.match;

import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A choice of headers by their names: {@code envoy.type.matcher.v3.ListStringMatcher}. Immutable. */
public final class HeaderNames {
    private final List<StringMatcher> patterns;
    private final boolean given;

    private HeaderNames(List<StringMatcher> patterns, boolean given) {
        this.patterns = patterns;
        this.given = given;
    }

    public static HeaderNames of(@Nullable ConfigNode node) {
        List<StringMatcher> patterns = new ArrayList<>();
        if (node != null) {
            for (ConfigNode pattern : node.messages("patterns")) {
                patterns.add(StringMatcher.from(pattern));
            }
        }
        return new HeaderNames(List.copyOf(patterns), node != null && !patterns.isEmpty());
    }

    /** Whether the configuration has the list. */
    public boolean given() {
        return given;
    }

    public boolean contain(String name) {
        for (int i = 0; i < patterns.size(); i++) {
            if (patterns.get(i).matches(name)) {
                return true;
            }
        }
        return false;
    }
}
