package dev.mishap.rules.match;

import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A test of one request header. Exactly one of value, present and range is set. The values of repeated lines are joined with
 * a comma. A header that is absent fails every test but {@code present: false}; {@code invert} turns the whole result round,
 * so that an absent header passes {@code invert} of {@code exact}.
 *
 * @param name lower case; pseudo headers as {@code :authority}
 * @param present whether it must be there
 */
public record HeaderMatcher(
        String name,
        @Nullable StringMatcher value,
        @Nullable Boolean present,
        @Nullable Range range,
        boolean invert) {

    /**
     * The value is a decimal integer in a half-open range, as Envoy's {@code range_match}.
     *
     * @param start inclusive
     * @param end exclusive
     */
    public record Range(long start, long end) {
        public Range {
            if (end <= start) {
                throw new IllegalArgumentException("range.end must be more than range.start");
            }
        }

        /** Whether {@code text} is a decimal integer in the range. */
        public boolean holds(String text) {
            try {
                long n = Long.parseLong(text);
                return n >= start && n < end;
            } catch (NumberFormatException e) {
                return false;
            }
        }
    }

    public HeaderMatcher {
        name = name.toLowerCase(Locale.ROOT);
        if (!isHeaderName(name)) {
            throw new IllegalArgumentException("name must be a header name, got '" + name + "'");
        }
        int set = (value == null ? 0 : 1) + (present == null ? 0 : 1) + (range == null ? 0 : 1);
        if (set != 1) {
            throw new IllegalArgumentException(
                    "exactly one of exact, prefix, suffix, contains, regex, present and range must be set");
        }
    }

    public static HeaderMatcher of(String name, StringMatcher value) {
        return new HeaderMatcher(name, value, null, null, false);
    }

    public static HeaderMatcher present(String name, boolean present) {
        return new HeaderMatcher(name, null, present, null, false);
    }

    /** Whether {@code name} is a token of RFC 9110 §5.6.2, or a pseudo header. */
    public static boolean isHeaderName(String name) {
        int from = name.startsWith(":") ? 1 : 0;
        if (name.length() == from || name.length() > 256) {
            return false;
        }
        for (int i = from; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letterOrDigit = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (!letterOrDigit && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
                return false;
            }
        }
        return true;
    }

    /** The test of a value, null when the header is absent; compiled once, safe for many threads. */
    public Predicate<@Nullable String> compile() {
        if (present != null) {
            boolean wanted = present != invert;
            return v -> (v != null) == wanted;
        }
        if (range != null) {
            Range r = range;
            return v -> (v != null && r.holds(v)) != invert;
        }
        assert value != null;
        Predicate<String> test = value.compile();
        return v -> (v != null && test.test(v)) != invert;
    }
}
