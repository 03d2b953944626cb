package dev.mishap.rules.match;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.function.Predicate;

/**
 * A test of a whole string. Case matters. A regex is RE2's syntax and must match the whole string, as Envoy's
 * {@code safe_regex}.
 *
 * @param text what to compare with; not empty unless {@code kind} is EXACT
 */
public record StringMatcher(Kind kind, String text) {
    public static final int MAX_CHARS = 4096;

    public enum Kind {
        EXACT("exact", "="),
        PREFIX("prefix", "^="),
        SUFFIX("suffix", "$="),
        CONTAINS("contains", "*="),
        REGEX("regex", "~");

        private final String field;
        private final String operator;

        Kind(String field, String operator) {
            this.field = field;
            this.operator = operator;
        }

        /** The field of a rule file. */
        public String field() {
            return field;
        }

        /** The operator of the one-line form. */
        public String operator() {
            return operator;
        }
    }

    public StringMatcher {
        if (text.isEmpty() && kind != Kind.EXACT) {
            throw new IllegalArgumentException(kind.field() + " must not be empty");
        }
        if (text.length() > MAX_CHARS) {
            throw new IllegalArgumentException(kind.field() + " must have at most " + MAX_CHARS + " characters");
        }
        if (kind == Kind.REGEX) {
            String size = RegexSize.problem(text);
            if (size != null) {
                throw new IllegalArgumentException("regex is not RE2 syntax: " + size);
            }
            try {
                Pattern.compile(text);
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException("regex is not RE2 syntax: " + e.getMessage());
            }
        }
    }

    public static StringMatcher exact(String text) {
        return new StringMatcher(Kind.EXACT, text);
    }

    public static StringMatcher prefix(String text) {
        return new StringMatcher(Kind.PREFIX, text);
    }

    /** The test, compiled once; safe for many threads. */
    public Predicate<String> compile() {
        return switch (kind) {
            case EXACT -> text::equals;
            case PREFIX -> s -> s.startsWith(text);
            case SUFFIX -> s -> s.endsWith(text);
            case CONTAINS -> s -> s.contains(text);
            case REGEX -> {
                Pattern pattern = Pattern.compile(text);
                yield pattern::matches;
            }
        };
    }
}
