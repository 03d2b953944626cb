package dev.mishap.proxy.route.match;

import com.google.re2j.Matcher;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.WireText;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Replaces every match of an expression in a value, as {@code envoy.type.matcher.v3.RegexMatchAndSubstitute}: {@code \1} to
 * {@code \9} are groups, {@code \0} is the whole match, {@code \\} a backslash.
 */
public final class RegexSubstitution {
    public static final SupportedFields FIELDS =
            SupportedFields.of("envoy.type.matcher.v3.RegexMatchAndSubstitute").supported("pattern", "substitution");

    private final SafeRegex regex;
    private final @Nullable List<Object> parts; // String or Integer; null = nothing is ever replaced

    private RegexSubstitution(SafeRegex regex, @Nullable List<Object> parts) {
        this.regex = regex;
        this.parts = parts;
    }

    public static RegexSubstitution from(ConfigNode node) {
        return of(SafeRegex.from(node.required("pattern")), node.string("substitution"));
    }

    /**
     * Compiles {@code text} for the groups of {@code regex}. As in Envoy, nothing is replaced when it names a group that is
     * not there, and what follows a backslash without meaning is left out.
     */
    public static RegexSubstitution of(SafeRegex regex, String text) {
        String substitution = WireText.encode(text);
        List<Object> parts = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        boolean replaces = true;
        for (int i = 0; i < substitution.length(); i++) {
            char c = substitution.charAt(i);
            if (c != '\\') {
                literal.append(c);
                continue;
            }
            i++;
            c = i < substitution.length() ? substitution.charAt(i) : 0;
            if (c == '\\') {
                literal.append(c);
            } else if (c >= '0' && c <= '9') {
                if (literal.length() > 0) {
                    parts.add(literal.toString());
                    literal.setLength(0);
                }
                parts.add(c - '0');
                replaces &= c - '0' <= regex.groups();
            } else {
                break;
            }
        }
        if (literal.length() > 0) {
            parts.add(literal.toString());
        }
        return new RegexSubstitution(regex, replaces ? List.copyOf(parts) : null);
    }

    /** {@code wire} (one char a byte) with every match replaced; {@code wire} itself when there is none. */
    public String apply(String wire) {
        if (parts == null) {
            return wire;
        }
        Matcher matcher = regex.matcher(wire);
        StringBuilder result = new StringBuilder(wire.length() + 16);
        int at = 0;
        int lastEnd = -1;
        while (at <= wire.length() && matcher.find(at)) {
            result.append(wire, at, matcher.start());
            if (matcher.start() == lastEnd && matcher.end() == lastEnd) {
                // An empty match right behind the last one does not count.
                if (at < wire.length()) {
                    result.append(wire.charAt(at));
                }
                at++;
                continue;
            }
            append(result, matcher, parts);
            at = matcher.end();
            lastEnd = at;
        }
        if (lastEnd < 0) {
            return wire;
        }
        if (at < wire.length()) {
            result.append(wire, at, wire.length());
        }
        return result.toString();
    }

    private static void append(StringBuilder to, Matcher matcher, List<Object> parts) {
        for (Object part : parts) {
            if (part instanceof Integer group) {
                String value = matcher.group(group);
                to.append(value == null ? "" : value);
            } else {
                to.append(part);
            }
        }
    }
}
