package dev.mishap.rules;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Sets of rules by what a text begins with, or ends with. A node of a tree over characters; the rules at a node have the way to it as
 * their prefix.
 */
final class PrefixTree {
    private char[] characters = {};
    private PrefixTree[] children = {};
    private long @Nullable [] rules;

    boolean isEmpty() {
        return children.length == 0;
    }

    /** The rules under a prefix, {@code words} longs of bits. */
    long[] ofPrefix(String prefix, int words) {
        PrefixTree node = this;
        for (int i = 0; i < prefix.length(); i++) {
            node = node.childFor(prefix.charAt(i));
        }
        return node.rules(words);
    }

    /** The same for a suffix; a tree is of one kind or the other. */
    long[] ofSuffix(String suffix, int words) {
        PrefixTree node = this;
        for (int i = suffix.length() - 1; i >= 0; i--) {
            node = node.childFor(suffix.charAt(i));
        }
        return node.rules(words);
    }

    private PrefixTree childFor(char c) {
        int at = Arrays.binarySearch(characters, c);
        if (at >= 0) {
            return children[at];
        }
        int insert = -at - 1;
        char[] moreCharacters = new char[characters.length + 1];
        PrefixTree[] moreChildren = new PrefixTree[children.length + 1];
        System.arraycopy(characters, 0, moreCharacters, 0, insert);
        System.arraycopy(characters, insert, moreCharacters, insert + 1, characters.length - insert);
        System.arraycopy(children, 0, moreChildren, 0, insert);
        System.arraycopy(children, insert, moreChildren, insert + 1, children.length - insert);
        moreCharacters[insert] = c;
        moreChildren[insert] = new PrefixTree();
        characters = moreCharacters;
        children = moreChildren;
        return children[insert];
    }

    private long[] rules(int words) {
        if (rules == null) {
            rules = new long[words];
        }
        return rules;
    }

    /** Adds the rules whose prefix the text has. */
    void collectPrefixes(String text, long[] bits) {
        PrefixTree node = this;
        node.addTo(bits);
        for (int i = 0; i < text.length(); i++) {
            int at = Arrays.binarySearch(node.characters, text.charAt(i));
            if (at < 0) {
                return;
            }
            node = node.children[at];
            node.addTo(bits);
        }
    }

    /** Adds the rules whose suffix the text has. */
    void collectSuffixes(String text, long[] bits) {
        PrefixTree node = this;
        node.addTo(bits);
        for (int i = text.length() - 1; i >= 0; i--) {
            int at = Arrays.binarySearch(node.characters, text.charAt(i));
            if (at < 0) {
                return;
            }
            node = node.children[at];
            node.addTo(bits);
        }
    }

    private void addTo(long[] bits) {
        long[] more = rules;
        if (more != null) {
            for (int i = 0; i < bits.length; i++) {
                bits[i] |= more[i];
            }
        }
    }
}
