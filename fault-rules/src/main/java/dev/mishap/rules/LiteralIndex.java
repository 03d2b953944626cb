package dev.mishap.rules;

import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Sets of rules by literals that a text contains, all found in one pass over it (Aho and Corasick). Built once, then read by many threads;
 * {@link #add} after the first {@link #collect} is not allowed.
 */
final class LiteralIndex {
    /** Characters that the root finds by a table. */
    private static final int TABLE = 128;

    private final Node root = new Node();
    private final Node[] first = new Node[TABLE];
    private boolean linked;

    private static final class Node {
        private char[] characters = {};
        private Node[] children = {};
        /** The node of the longest proper end of this one's text that is in the tree. */
        private @Nullable Node fail;
        /** The next node along {@link #fail} that has rules. */
        private @Nullable Node more;

        private long @Nullable [] rules;

        @Nullable
        Node child(char c) {
            // Most nodes have one child.
            if (characters.length == 1) {
                return characters[0] == c ? children[0] : null;
            }
            int at = Arrays.binarySearch(characters, c);
            return at < 0 ? null : children[at];
        }

        Node childFor(char c) {
            Node known = child(c);
            if (known != null) {
                return known;
            }
            int insert = -Arrays.binarySearch(characters, c) - 1;
            int n = characters.length;
            char[] moreCharacters = new char[n + 1];
            Node[] moreChildren = new Node[n + 1];
            System.arraycopy(characters, 0, moreCharacters, 0, insert);
            System.arraycopy(children, 0, moreChildren, 0, insert);
            System.arraycopy(characters, insert, moreCharacters, insert + 1, n - insert);
            System.arraycopy(children, insert, moreChildren, insert + 1, n - insert);
            moreCharacters[insert] = c;
            moreChildren[insert] = new Node();
            characters = moreCharacters;
            children = moreChildren;
            return children[insert];
        }
    }

    boolean isEmpty() {
        return root.children.length == 0;
    }

    /** The rules under a literal, {@code words} longs of bits. */
    long[] of(String literal, int words) {
        Node node = root;
        for (int i = 0; i < literal.length(); i++) {
            node = node.childFor(literal.charAt(i));
        }
        if (node.rules == null) {
            node.rules = new long[words];
        }
        return node.rules;
    }

    /** Ready to be read. */
    void link() {
        if (linked) {
            return;
        }
        linked = true;
        ArrayDeque<Node> queue = new ArrayDeque<>();
        for (int i = 0; i < root.children.length; i++) {
            Node child = root.children[i];
            child.fail = root;
            queue.add(child);
            if (root.characters[i] < TABLE) {
                first[root.characters[i]] = child;
            }
        }
        for (Node node = queue.poll(); node != null; node = queue.poll()) {
            for (int i = 0; i < node.children.length; i++) {
                Node child = node.children[i];
                child.fail = follow(node.fail, node.characters[i]);
                child.more = child.fail.rules == null ? child.fail.more : child.fail;
                queue.add(child);
            }
        }
    }

    private Node follow(@Nullable Node from, char c) {
        for (Node at = from; at != null; at = at.fail) {
            Node child = at == root && c < TABLE ? first[c] : at.child(c);
            if (child != null) {
                return child;
            }
        }
        return root;
    }

    /** Adds the rules whose literal the text contains. */
    void collect(String text, long[] bits) {
        Node node = root;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (node == root && c < TABLE) {
                Node child = first[c];
                if (child == null) {
                    continue;
                }
                node = child;
            } else {
                node = follow(node, c);
            }
            for (Node hit = node.rules == null ? node.more : node; hit != null; hit = hit.more) {
                long[] rules = hit.rules;
                for (int w = 0; rules != null && w < bits.length; w++) {
                    bits[w] |= rules[w];
                }
            }
        }
    }
}
