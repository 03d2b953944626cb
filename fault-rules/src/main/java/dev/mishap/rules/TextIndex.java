package dev.mishap.rules;

import dev.mishap.rules.match.StringMatcher;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Sets of rules by a test of one text that can be looked up: equals, begins with, ends with. Sets are bits in the rules' order. */
final class TextIndex {
    /** So many characters tell texts apart well enough; a tree of whole ones could be as large as all rules together. */
    private static final int DEPTH = 64;

    private final int words;
    private final Map<String, long[]> exact = new HashMap<>();
    private final PrefixTree prefixes = new PrefixTree();
    private final PrefixTree suffixes = new PrefixTree();

    TextIndex(int words) {
        this.words = words;
    }

    /** Whether a test can stand in an index. */
    static boolean canHold(@Nullable StringMatcher matcher) {
        return matcher != null
                && matcher.kind() != StringMatcher.Kind.CONTAINS
                && matcher.kind() != StringMatcher.Kind.REGEX;
    }

    void add(StringMatcher matcher, int rule) {
        String text = matcher.text();
        long[] bits = switch (matcher.kind()) {
            case EXACT -> exact.computeIfAbsent(text, k -> new long[words]);
            case PREFIX -> prefixes.ofPrefix(text.substring(0, Math.min(text.length(), DEPTH)), words);
            case SUFFIX -> suffixes.ofSuffix(text.substring(Math.max(0, text.length() - DEPTH)), words);
            case CONTAINS, REGEX ->
                throw new IllegalArgumentException(matcher.kind().field());
        };
        bits[rule >> 6] |= 1L << rule;
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
    }
}
