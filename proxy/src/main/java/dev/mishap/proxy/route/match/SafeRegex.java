package dev.mishap.proxy.route.match;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.WireText;
import dev.mishap.rules.match.RegexSize;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A RE2 expression that must match a whole value, as Envoy's RegexMatcher: bytes, not characters, are
 * what {@code .} stands for. Linear in time whatever the input.
 */
public final class SafeRegex {
    public static final SupportedFields FIELDS = SupportedFields.of("envoy.type.matcher.v3.RegexMatcher")
            .supported("regex")
            .accepted("google_re2", "RE2 is the only engine");

    public static final SupportedFields ENGINE_FIELDS = SupportedFields.of(
                    "envoy.type.matcher.v3.RegexMatcher.GoogleRE2")
            .accepted("max_program_size", "deprecated by Envoy; expressions run in linear time");

    /** What RE2 calls the errors that the Java port names otherwise. */
    private static final Map<String, String> RE2_WORDING = Map.of(
            "missing closing ]", "missing ]",
            "missing closing )", "missing )",
            "trailing backslash at end of expression", "trailing \\",
            "missing argument to repetition operator", "no argument for repetition operator",
            "invalid nested repetition operator", "bad repetition operator",
            "invalid repeat count", "invalid repetition size",
            "invalid or unsupported Perl syntax", "invalid perl operator",
            "invalid named capture", "invalid named capture group");

    private final Pattern pattern;

    private SafeRegex(Pattern pattern) {
        this.pattern = pattern;
    }

    public static SafeRegex from(ConfigNode node) {
        return compile(node.string("regex"));
    }

    /**
     * Compiles {@code regex}.
     *
     * @throws ConfigException when it isn't one, in RE2's words
     */
    public static SafeRegex compile(String regex) {
        String size = RegexSize.problem(regex);
        if (size != null) {
            throw new ConfigException(size);
        }
        try {
            return new SafeRegex(Pattern.compile(WireText.encode(regex)));
        } catch (PatternSyntaxException e) {
            String what = e.getDescription();
            String where = e.getPattern();
            if (String.valueOf(e.getMessage())
                    .contains("stack underflow")) { // how the Java port finds a parenthesis too many
                what = "unexpected )";
                where = regex;
            }
            throw new ConfigException(
                    RE2_WORDING.getOrDefault(what, what) + (where == null || where.isEmpty() ? "" : ": " + where));
        }
    }

    /** Whether the whole of {@code wire} (one char a byte) matches. */
    public boolean matches(String wire) {
        return pattern.matches(wire);
    }

    /** How many groups the expression has. */
    public int groups() {
        return pattern.groupCount();
    }

    Matcher matcher(String wire) {
        return pattern.matcher(wire);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SafeRegex r && r.pattern.equals(pattern);
    }

    @Override
    public int hashCode() {
        return pattern.hashCode();
    }

    @Override
    public String toString() {
        return pattern.pattern();
    }
}
