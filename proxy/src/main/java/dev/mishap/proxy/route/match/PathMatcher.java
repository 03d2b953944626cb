package dev.mishap.proxy.route.match;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.WireText;
import org.jspecify.annotations.Nullable;

/** Matches the path of a request target, without its query and fragment. Immutable; only expressions make a String. */
public final class PathMatcher {
    private enum Kind {
        PREFIX,
        EXACT,
        SEPARATED_PREFIX,
        REGEX,
        TEMPLATE
    }

    private final Kind kind;
    private final String wire; // lower case when case is ignored
    private final boolean ignoreCase;
    private final @Nullable SafeRegex regex;
    private final @Nullable UriTemplate template;

    private PathMatcher(
            Kind kind, String text, boolean ignoreCase, @Nullable SafeRegex regex, @Nullable UriTemplate template) {
        this.kind = kind;
        this.ignoreCase = ignoreCase;
        this.wire = ignoreCase ? lower(WireText.encode(text)) : WireText.encode(text);
        this.regex = regex;
        this.template = template;
    }

    public static PathMatcher prefix(String text, boolean ignoreCase) {
        return new PathMatcher(Kind.PREFIX, text, ignoreCase, null, null);
    }

    public static PathMatcher exact(String text, boolean ignoreCase) {
        return new PathMatcher(Kind.EXACT, text, ignoreCase, null, null);
    }

    /** The path {@code text} itself and everything below it. */
    public static PathMatcher separatedPrefix(String text, boolean ignoreCase) {
        return new PathMatcher(Kind.SEPARATED_PREFIX, text, ignoreCase, null, null);
    }

    public static PathMatcher regex(SafeRegex regex) {
        return new PathMatcher(Kind.REGEX, "", false, regex, null);
    }

    public static PathMatcher template(UriTemplate template) {
        return new PathMatcher(Kind.TEMPLATE, "", false, null, template);
    }

    /** Whether the first {@code end} bytes of entry {@code index}, the path, match. */
    public boolean matches(HeaderMap headers, int index, int end) {
        return switch (kind) {
            case PREFIX -> end >= wire.length() && startsWith(headers, index);
            case EXACT -> end == wire.length() && startsWith(headers, index);
            case SEPARATED_PREFIX ->
                end >= wire.length()
                        && startsWith(headers, index)
                        && (end == wire.length() || headers.valueByte(index, wire.length()) == '/');
            case REGEX -> regex != null && regex.matches(headers.value(index).substring(0, end));
            case TEMPLATE ->
                template != null && template.matches(headers.value(index).substring(0, end));
        };
    }

    /** How much of a target that matched a prefix rewrite replaces, when the path ends at {@code end}. */
    public int matchedLength(int end) {
        return kind == Kind.PREFIX || kind == Kind.SEPARATED_PREFIX ? wire.length() : end;
    }

    private boolean startsWith(HeaderMap headers, int index) {
        for (int i = 0; i < wire.length(); i++) {
            byte b = headers.valueByte(index, i);
            if (wire.charAt(i) != ((ignoreCase ? lower(b) : b) & 0xff)) {
                return false;
            }
        }
        return true;
    }

    private static String lower(String text) {
        StringBuilder s = new StringBuilder(text);
        for (int i = 0; i < s.length(); i++) {
            s.setCharAt(i, (char) (lower((byte) s.charAt(i)) & 0xff));
        }
        return s.toString();
    }

    private static byte lower(byte b) {
        return b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
    }
}
