package dev.mishap.proxy.route.match;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Matches one header of a request, as {@code envoy.config.route.v3.HeaderMatcher}. The lines of a repeated header are matched
 * one by one and one that matches is enough; {@code invert_match} turns that result round. A missing header matches neither
 * way, unless {@code treat_missing_header_as_empty}. Immutable.
 */
public final class HeaderMatcher {
    public static final SupportedFields FIELDS = SupportedFields.of("envoy.config.route.v3.HeaderMatcher")
            .supported(
                    "name",
                    "exact_match",
                    "safe_regex_match",
                    "range_match",
                    "present_match",
                    "prefix_match",
                    "suffix_match",
                    "contains_match",
                    "string_match",
                    "invert_match",
                    "treat_missing_header_as_empty");

    public static final SupportedFields RANGE_FIELDS =
            SupportedFields.of("envoy.type.v3.Int64Range").supported("start", "end");

    private final HeaderName name;
    private final boolean invert;
    private final boolean missingIsEmpty;
    private final boolean presence;
    private final boolean present;
    private final @Nullable StringMatcher string;
    private final long rangeStart;
    private final long rangeEnd;

    private HeaderMatcher(
            HeaderName name,
            boolean invert,
            boolean missingIsEmpty,
            boolean presence,
            boolean present,
            @Nullable StringMatcher string,
            long rangeStart,
            long rangeEnd) {
        this.name = name;
        this.invert = invert;
        this.missingIsEmpty = missingIsEmpty;
        this.presence = presence;
        this.present = present;
        this.string = string;
        this.rangeStart = rangeStart;
        this.rangeEnd = rangeEnd;
    }

    public static List<HeaderMatcher> listFrom(List<ConfigNode> nodes) {
        List<HeaderMatcher> matchers = new ArrayList<>(nodes.size());
        for (ConfigNode node : nodes) {
            matchers.add(from(node));
        }
        return List.copyOf(matchers);
    }

    public static HeaderMatcher from(ConfigNode node) {
        HeaderName name = HeaderName.of(node.string("name"));
        boolean invert = node.bool("invert_match", false);
        boolean missingIsEmpty = node.bool("treat_missing_header_as_empty", false);
        String kind = node.oneof("header_match_specifier");
        // Envoy takes an empty exact_match, which is deprecated, for none.
        if (kind == null
                || kind.equals("exact_match") && node.string("exact_match").isEmpty()) {
            return new HeaderMatcher(name, invert, missingIsEmpty, true, true, null, 0, 0);
        }
        if (kind.equals("present_match")) {
            boolean present = node.bool("present_match", false);
            return new HeaderMatcher(name, invert, missingIsEmpty, true, present, null, 0, 0);
        }
        if (kind.equals("range_match")) {
            ConfigNode range = node.required("range_match");
            return new HeaderMatcher(
                    name,
                    invert,
                    missingIsEmpty,
                    false,
                    false,
                    null,
                    range.integer("start", 0),
                    range.integer("end", 0));
        }
        return new HeaderMatcher(name, invert, missingIsEmpty, false, false, stringMatcher(node, kind), 0, 0);
    }

    private static StringMatcher stringMatcher(ConfigNode node, String kind) {
        return switch (kind) {
            case "string_match" -> StringMatcher.from(node.required("string_match"));
            case "exact_match" -> StringMatcher.exact(node.string("exact_match"), false);
            case "prefix_match" -> StringMatcher.prefix(node.string("prefix_match"), false);
            case "suffix_match" -> StringMatcher.suffix(node.string("suffix_match"), false);
            case "contains_match" -> StringMatcher.contains(node.string("contains_match"), false);
            case "safe_regex_match" -> StringMatcher.regex(SafeRegex.from(node.required("safe_regex_match")));
            default -> throw node.error(kind, "is not supported");
        };
    }

    /** A matcher that wants {@code name} to be there. */
    public static HeaderMatcher present(String name) {
        return new HeaderMatcher(HeaderName.of(name), false, false, true, true, null, 0, 0);
    }

    /** A matcher that wants a line of {@code name} to match {@code string}. */
    public static HeaderMatcher of(String name, StringMatcher string, boolean invert) {
        return new HeaderMatcher(HeaderName.of(name), invert, false, false, false, string, 0, 0);
    }

    public HeaderName name() {
        return name;
    }

    public boolean matches(HeaderMap headers) {
        int i = headers.indexOf(name);
        if (presence) {
            return ((i >= 0 || missingIsEmpty) == present) != invert;
        }
        if (i < 0) {
            return missingIsEmpty && emptyMatches() != invert;
        }
        do {
            if (lineMatches(headers, i)) {
                return !invert;
            }
            i = headers.indexOf(name, i + 1);
        } while (i >= 0);
        return invert;
    }

    /** Whether all of {@code matchers} match. */
    public static boolean allMatch(List<HeaderMatcher> matchers, HeaderMap headers) {
        for (int i = 0; i < matchers.size(); i++) {
            if (!matchers.get(i).matches(headers)) {
                return false;
            }
        }
        return true;
    }

    private boolean emptyMatches() {
        return string != null && string.matches("");
    }

    private boolean lineMatches(HeaderMap headers, int index) {
        return string != null ? string.matches(headers, index) : inRange(headers, index);
    }

    /** Whether the value is a base-10 int64 within [start, end); one sign at most, no blanks. */
    private boolean inRange(HeaderMap headers, int index) {
        int length = headers.valueLength(index);
        int at = 0;
        byte first = length > 0 ? headers.valueByte(index, 0) : 0;
        boolean negative = first == '-';
        if (negative || first == '+') {
            at = 1;
        }
        if (at == length) {
            return false;
        }
        long value = 0; // counted downwards, so that Long.MIN_VALUE fits
        for (; at < length; at++) {
            int digit = headers.valueByte(index, at) - '0';
            if (digit < 0 || digit > 9 || value < (Long.MIN_VALUE + digit) / 10) {
                return false;
            }
            value = value * 10 - digit;
        }
        if (!negative && value == Long.MIN_VALUE) {
            return false;
        }
        long signed = negative ? value : -value;
        return signed >= rangeStart && signed < rangeEnd;
    }
}
