package dev.mishap.rules;

import dev.mishap.rules.match.StringMatcher;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sets of rules by a test of one text that can be looked up: equals, begins with, ends with, contains; of a regex, what it cannot match without.
 * A rule that is found may still not match. Sets are bits in the rules' order.
 */
final class TextIndex {
    /** So many characters tell texts apart well enough; a tree of whole ones could be as large as all rules together. */
    private static final int DEPTH = 64;

    private final int words;
    private final Map<String, long[]> exact = new HashMap<>();
    private final PrefixTree prefixes = new PrefixTree();
    private final PrefixTree suffixes = new PrefixTree();
    private final LiteralIndex literals = new LiteralIndex();

    TextIndex(int words) {
        this.words = words;
    }

    /** Whether a test can stand in an index. */
    static boolean canHold(@Nullable StringMatcher matcher) {
        return matcher != null
                && (matcher.kind() != StringMatcher.Kind.REGEX || RegexLiteral.of(matcher.text()) != null);
    }

    /** How few texts pass, about: equal is best, then the longer text to be found. */
    static int weight(StringMatcher matcher) {
        if (matcher.kind() == StringMatcher.Kind.EXACT) {
            return Integer.MAX_VALUE;
        }
        String text = matcher.kind() == StringMatcher.Kind.REGEX ? RegexLiteral.of(matcher.text()) : matcher.text();
        return text == null ? 0 : text.length();
    }

    void add(StringMatcher matcher, int rule) {
        String text = matcher.text();
        long[] bits = switch (matcher.kind()) {
            case EXACT -> exact.computeIfAbsent(text, k -> new long[words]);
            case PREFIX -> prefixes.ofPrefix(text.substring(0, Math.min(text.length(), DEPTH)), words);
            case SUFFIX -> suffixes.ofSuffix(text.substring(Math.max(0, text.length() - DEPTH)), words);
            case CONTAINS -> literal(text);
            case REGEX -> {
                String literal = RegexLiteral.of(text);
                if (literal == null) {
                    throw new IllegalArgumentException(text);
                }
                yield literal(literal);
            }
        };
        bits[rule >> 6] |= 1L << rule;
    }

    private long[] literal(String text) {
        return literals.of(text.substring(0, Math.min(text.length(), DEPTH)), words);
    }

    /** Ready to be read. */
    void link() {
        literals.link();
    }

    /** Adds the rules whose test the text passes; an absent text passes none. */
    void collect(@Nullable String text, long[] bits) {
        if (text == null) {
            return;
        }
        if (!exact.isEmpty()) {
            long[] more = exact.get(text);
            if (more != null) {
                for (int i = 0; i < bits.length; i++) {
                    bits[i] |= more[i];
                }
            }
        }
        if (!prefixes.isEmpty()) {
            prefixes.collectPrefixes(text, bits);
        }
        if (!suffixes.isEmpty()) {
            suffixes.collectSuffixes(text, bits);
        }
        if (!literals.isEmpty()) {
            literals.collect(text, bits);
        }
    }
}
