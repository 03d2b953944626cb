package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Makes the key of a request's routing scope from its headers: {@code ScopedRoutes.ScopeKeyBuilder}. */
final class ScopeKey {
    private final List<Fragment> fragments = new ArrayList<>();

    /**
     * {@code HeaderValueExtractor}.
     *
     * @param separator {@code element_separator}; {@code ""} = the whole value
     * @param index of the element, when {@code key} is null
     * @param keySeparator between an element's key and its value
     */
    private record Fragment(
            HeaderName header,
            String separator,
            int index,
            @Nullable String key,
            String keySeparator) {
        @Nullable
        String of(HeaderMap headers) {
            String value = headers.get(header);
            if (value == null) {
                return null;
            }
            List<String> elements = separator.isEmpty() ? List.of(value) : split(value, separator);
            if (key == null) {
                return index < elements.size() ? elements.get(index) : null;
            }
            for (String element : elements) {
                int at = element.indexOf(keySeparator);
                String name = at < 0 ? element : element.substring(0, at);
                if (name.equals(key)) {
                    return at < 0 ? "" : element.substring(at + keySeparator.length());
                }
            }
            return null;
        }
    }

    private static List<String> split(String value, String separator) {
        List<String> parts = new ArrayList<>();
        int from = 0;
        int at;
        while ((at = value.indexOf(separator, from)) >= 0) {
            parts.add(value.substring(from, at));
            from = at + separator.length();
        }
        parts.add(value.substring(from));
        return parts;
    }

    ScopeKey(ConfigNode builder) {
        for (ConfigNode fragment : builder.messages("fragments")) {
            ConfigNode header = fragment.required("header_value_extractor");
            ConfigNode element = header.message("element");
            String separator = header.string("element_separator");
            long index = header.integer("index", 0);
            if (separator.isEmpty() && index != 0) {
                throw new ConfigException("Index > 0 for empty string element separator.");
            }
            fragments.add(new Fragment(
                    header(header.string("name")),
                    separator,
                    (int) Math.min(index, Integer.MAX_VALUE),
                    element == null ? null : element.string("key"),
                    element == null ? "" : element.string("separator")));
        }
    }

    private static HeaderName header(String name) {
        return name.equalsIgnoreCase("host") ? HeaderName.AUTHORITY : HeaderName.of(name.toLowerCase(Locale.ROOT));
    }

    /** The key, or null when a header that it is made of is missing. */
    @Nullable
    List<String> of(HeaderMap headers) {
        List<String> key = new ArrayList<>(fragments.size());
        for (Fragment f : fragments) {
            String part = f.of(headers);
            if (part == null) {
                return null;
            }
            key.add(part);
        }
        return key;
    }
}
