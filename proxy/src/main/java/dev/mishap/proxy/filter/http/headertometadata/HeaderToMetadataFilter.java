package dev.mishap.proxy.filter.http.headertometadata;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Applies the rules of the route, or the filter's own. */
final class HeaderToMetadataFilter implements HttpFilter {
    private final String name;
    private final MetadataRules own;
    private @Nullable MetadataRules chosen;

    HeaderToMetadataFilter(String name, MetadataRules own) {
        this.name = name;
        this.own = own;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        apply(rules(stream).request(), headers, stream);
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        apply(rules(stream).response(), headers, stream);
        return Flow.CONTINUE;
    }

    private MetadataRules rules(HttpStream stream) {
        MetadataRules rules = chosen;
        if (rules == null) {
            rules = stream.perFilterConfig(name) instanceof MetadataRules route ? route : own;
            chosen = rules;
        }
        return rules;
    }

    private static void apply(List<MetadataRule> rules, HeaderMap headers, HttpStream stream) {
        for (int i = 0; i < rules.size(); i++) {
            rules.get(i).apply(headers, stream.info());
        }
    }
}
