package dev.mishap.proxy.route.match;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.StreamInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Matches one value of a request's dynamic metadata, as {@code envoy.type.matcher.v3.MetadataMatcher}. */
public final class MetadataMatcher {
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.type.matcher.v3.MetadataMatcher").supported("filter", "path", "value", "invert"),
            SupportedFields.of("envoy.type.matcher.v3.MetadataMatcher.PathSegment")
                    .supported("key"),
            SupportedFields.of("envoy.type.matcher.v3.ValueMatcher")
                    .supported(
                            "null_match",
                            "double_match",
                            "string_match",
                            "bool_match",
                            "present_match",
                            "list_match",
                            "or_match"),
            SupportedFields.of("envoy.type.matcher.v3.ValueMatcher.NullMatch"),
            SupportedFields.of("envoy.type.matcher.v3.DoubleMatcher").supported("range", "exact"),
            SupportedFields.of("envoy.type.v3.DoubleRange").supported("start", "end"),
            SupportedFields.of("envoy.type.matcher.v3.ListMatcher").supported("one_of"),
            SupportedFields.of("envoy.type.matcher.v3.OrMatcher").supported("value_matchers"));

    private final String filter;
    private final List<String> path;
    private final Predicate<@Nullable Object> value;
    private final boolean invert;

    private MetadataMatcher(String filter, List<String> path, Predicate<@Nullable Object> value, boolean invert) {
        this.filter = filter;
        this.path = path;
        this.value = value;
        this.invert = invert;
    }

    public static List<MetadataMatcher> listFrom(List<ConfigNode> nodes) {
        List<MetadataMatcher> matchers = new ArrayList<>(nodes.size());
        for (ConfigNode node : nodes) {
            matchers.add(from(node));
        }
        return List.copyOf(matchers);
    }

    public static MetadataMatcher from(ConfigNode node) {
        List<String> path = new ArrayList<>();
        for (ConfigNode segment : node.messages("path")) {
            path.add(segment.string("key"));
        }
        return new MetadataMatcher(
                node.string("filter"),
                List.copyOf(path),
                valueMatcher(node.required("value")),
                node.bool("invert", false));
    }

    private static Predicate<@Nullable Object> valueMatcher(ConfigNode node) {
        String kind = node.oneof("match_pattern");
        if (kind == null) {
            throw node.error("match_pattern", "is required");
        }
        switch (kind) {
            case "null_match":
                return v -> v == null;
            case "double_match":
                return doubleMatcher(node.required("double_match"));
            case "string_match":
                StringMatcher string = StringMatcher.from(node.required("string_match"));
                return v -> v instanceof String s && string.matchesText(s);
            case "bool_match":
                Boolean wanted = node.bool("bool_match", false);
                return wanted::equals;
            case "present_match":
                boolean present = node.bool("present_match", false);
                return v -> (v != null) == present;
            case "list_match":
                Predicate<@Nullable Object> one =
                        valueMatcher(node.required("list_match").required("one_of"));
                return v -> v instanceof List<?> list && list.stream().anyMatch(one);
            case "or_match":
                List<Predicate<@Nullable Object>> all = new ArrayList<>();
                for (ConfigNode matcher : node.required("or_match").messages("value_matchers")) {
                    all.add(valueMatcher(matcher));
                }
                return v -> all.stream().anyMatch(m -> m.test(v));
            default:
                throw node.error(kind, "is not supported");
        }
    }

    private static Predicate<@Nullable Object> doubleMatcher(ConfigNode node) {
        ConfigNode range = node.message("range");
        if (range == null) {
            double exact = node.number("exact", 0);
            return v -> v instanceof Double d && d == exact;
        }
        double start = range.number("start", 0);
        double end = range.number("end", 0);
        return v -> v instanceof Double d && d >= start && d < end;
    }

    /** Whether all of {@code matchers} match. */
    public static boolean allMatch(List<MetadataMatcher> matchers, StreamInfo info) {
        for (int i = 0; i < matchers.size(); i++) {
            if (!matchers.get(i).matches(info)) {
                return false;
            }
        }
        return true;
    }

    public boolean matches(StreamInfo info) {
        return value.test(find(info)) != invert;
    }

    /** Whether {@code fields}, the matcher's namespace of some metadata, match; null when there is no such namespace. */
    public boolean matchesFields(@Nullable Map<String, Object> fields) {
        return value.test(find(fields)) != invert;
    }

    /** Whether there is a value for the matcher to look at. */
    public boolean found(StreamInfo info) {
        return find(info) != null;
    }

    private @Nullable Object find(StreamInfo info) {
        return find(info.dynamicMetadata(filter));
    }

    private @Nullable Object find(@Nullable Map<String, Object> fields) {
        Object at = fields;
        for (int i = 0; i < path.size() && at != null; i++) {
            at = at instanceof Map<?, ?> map ? map.get(path.get(i)) : null;
        }
        return at;
    }
}
