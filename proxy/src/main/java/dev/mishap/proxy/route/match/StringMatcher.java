package dev.mishap.proxy.route.match;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.WireText;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Matches one string, as {@code envoy.type.matcher.v3.StringMatcher}. Case is ignored for ASCII letters only. Immutable; all
 * kinds but regular expressions match header bytes in place.
 */
public final class StringMatcher {
    public static final SupportedFields FIELDS = SupportedFields.of("envoy.type.matcher.v3.StringMatcher")
            .supported("exact", "prefix", "suffix", "safe_regex", "contains", "ignore_case");

    private enum Kind {
        EXACT,
        PREFIX,
        SUFFIX,
        CONTAINS,
        REGEX
    }

    private final Kind kind;
    private final byte[] pattern; // lower case when case is ignored
    private final boolean ignoreCase;
    private final @Nullable SafeRegex regex;

    private StringMatcher(Kind kind, String pattern, boolean ignoreCase, @Nullable SafeRegex regex) {
        this.kind = kind;
        this.pattern = pattern.getBytes(StandardCharsets.UTF_8);
        this.ignoreCase = ignoreCase;
        this.regex = regex;
        if (ignoreCase) {
            for (int i = 0; i < this.pattern.length; i++) {
                this.pattern[i] = lower(this.pattern[i]);
            }
        }
    }

    public static StringMatcher from(ConfigNode node) {
        boolean ignoreCase = node.bool("ignore_case", false);
        String kind = node.oneof("match_pattern");
        if (kind == null) {
            throw node.error("match_pattern", "is required");
        }
        switch (kind) {
            case "exact":
                return exact(node.string("exact"), ignoreCase);
            case "prefix":
                return prefix(node.string("prefix"), ignoreCase);
            case "suffix":
                return suffix(node.string("suffix"), ignoreCase);
            case "contains":
                return contains(node.string("contains"), ignoreCase);
            case "safe_regex":
                if (ignoreCase) {
                    throw new ConfigException("ignore_case has no effect for safe_regex.");
                }
                return regex(SafeRegex.from(node.required("safe_regex")));
            default:
                throw node.error(kind, "is not supported");
        }
    }

    public static StringMatcher exact(String text, boolean ignoreCase) {
        return new StringMatcher(Kind.EXACT, text, ignoreCase, null);
    }

    public static StringMatcher prefix(String text, boolean ignoreCase) {
        return new StringMatcher(Kind.PREFIX, text, ignoreCase, null);
    }

    public static StringMatcher suffix(String text, boolean ignoreCase) {
        return new StringMatcher(Kind.SUFFIX, text, ignoreCase, null);
    }

    public static StringMatcher contains(String text, boolean ignoreCase) {
        return new StringMatcher(Kind.CONTAINS, text, ignoreCase, null);
    }

    public static StringMatcher regex(SafeRegex regex) {
        return new StringMatcher(Kind.REGEX, "", false, regex);
    }

    /** Whether {@code wire}, a string with one char a byte, matches. */
    public boolean matches(String wire) {
        if (regex != null) {
            return regex.matches(wire);
        }
        int spare = wire.length() - pattern.length;
        return switch (kind) {
            case EXACT -> spare == 0 && at(wire, 0);
            case PREFIX -> spare >= 0 && at(wire, 0);
            case SUFFIX -> spare >= 0 && at(wire, spare);
            case CONTAINS -> within(wire, spare);
            case REGEX -> false;
        };
    }

    /** Whether Unicode {@code text} matches, for values that are not header bytes. */
    public boolean matchesText(String text) {
        return matches(WireText.encode(text));
    }

    /** Whether the value of entry {@code index} of {@code headers} matches. */
    public boolean matches(HeaderMap headers, int index) {
        if (regex != null) {
            return regex.matches(headers.value(index));
        }
        int spare = headers.valueLength(index) - pattern.length;
        if (spare < 0) {
            return false;
        }
        return switch (kind) {
            case EXACT -> spare == 0 && (ignoreCase ? at(headers, index, 0) : headers.valueEquals(index, pattern));
            case PREFIX -> at(headers, index, 0);
            case SUFFIX -> at(headers, index, spare);
            case CONTAINS -> within(headers, index, spare);
            case REGEX -> false;
        };
    }

    private boolean within(String wire, int spare) {
        for (int from = 0; from <= spare; from++) {
            if (at(wire, from)) {
                return true;
            }
        }
        return false;
    }

    private boolean within(HeaderMap headers, int index, int spare) {
        for (int from = 0; from <= spare; from++) {
            if (at(headers, index, from)) {
                return true;
            }
        }
        return false;
    }

    private boolean at(String wire, int from) {
        for (int i = 0; i < pattern.length; i++) {
            byte b = (byte) wire.charAt(from + i);
            if (pattern[i] != (ignoreCase ? lower(b) : b)) {
                return false;
            }
        }
        return true;
    }

    private boolean at(HeaderMap headers, int index, int from) {
        for (int i = 0; i < pattern.length; i++) {
            byte b = headers.valueByte(index, from + i);
            if (pattern[i] != (ignoreCase ? lower(b) : b)) {
                return false;
            }
        }
        return true;
    }

    private static byte lower(byte b) {
        return b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
    }

    @Override
    public String toString() {
        return kind + "(" + (regex != null ? regex : new String(pattern, StandardCharsets.UTF_8)) + ")"
                + (ignoreCase ? "/i" : "");
    }
}
