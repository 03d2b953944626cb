package dev.mishap.rules.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads words, operators and values off a line. What ends a bare word depends on what the parser asks for. */
final class LineScanner {
    static final int MAX_CHARS = 16_384;

    private final String line;
    private int at;
    /** Where the last thing began, for errors about it. */
    private int start;

    LineScanner(String line) {
        this.line = line;
        if (line.length() > MAX_CHARS) {
            throw new RuleSyntaxException(line.substring(0, 40), 0, "a rule has at most " + MAX_CHARS + " characters");
        }
    }

    RuleSyntaxException error(String problem) {
        return new RuleSyntaxException(line, start, problem);
    }

    RuleSyntaxException expected(String what) {
        skipSpace();
        start = at;
        return error("expected " + what + ", found " + (at == line.length() ? "the end" : "'" + peekBare() + "'"));
    }

    private void skipSpace() {
        while (at < line.length() && Character.isWhitespace(line.charAt(at))) {
            at++;
        }
    }

    boolean atEnd() {
        skipSpace();
        start = at;
        return at == line.length();
    }

    /** The next word of letters and dashes without taking it; empty when there is none. */
    String peekWord() {
        skipSpace();
        int end = at;
        while (end < line.length() && (Character.isLetter(line.charAt(end)) || line.charAt(end) == '-')) {
            end++;
        }
        return line.substring(at, end);
    }

    /** Takes the next word if it is this one. */
    boolean take(String word) {
        if (!peekWord().equals(word)) {
            return false;
        }
        start = at;
        at += word.length();
        return true;
    }

    void expect(String word) {
        if (!take(word)) {
            throw expected("'" + word + "'");
        }
    }

    private String peekBare() {
        int end = at;
        while (end < line.length() && !Character.isWhitespace(line.charAt(end))) {
            end++;
        }
        return line.substring(at, Math.min(end, at + 40));
    }

    /** The rest up to the next space, without taking it. */
    String peekValue() {
        skipSpace();
        return at == line.length() ? "" : peekBare();
    }

    /** A value: in quotes, or everything up to the next space. */
    String value(String what) {
        return text(what, "");
    }

    /** A name: in quotes, or everything up to a space, a comma or an operator. */
    String name(String what) {
        return text(what, ",=!~^$*");
    }

    /** Values with commas between them. */
    List<String> list(String what) {
        List<String> items = new ArrayList<>();
        int first = -1;
        do {
            items.add(text(what, ","));
            first = first < 0 ? start : first;
        } while (takeComma());
        start = first;
        return items;
    }

    private boolean takeComma() {
        int was = at;
        skipSpace();
        if (at < line.length() && line.charAt(at) == ',') {
            at++;
            return true;
        }
        at = was;
        return false;
    }

    private String text(String what, String ends) {
        skipSpace();
        start = at;
        if (at < line.length() && line.charAt(at) == '"') {
            return quoted();
        }
        int from = at;
        while (at < line.length() && !Character.isWhitespace(line.charAt(at)) && ends.indexOf(line.charAt(at)) < 0) {
            at++;
        }
        if (from == at) {
            throw expected(what);
        }
        return line.substring(from, at);
    }

    private String quoted() {
        StringBuilder s = new StringBuilder();
        for (at++; at < line.length(); at++) {
            char c = line.charAt(at);
            if (c == '"') {
                at++;
                return s.toString();
            }
            if (c != '\\') {
                s.append(c);
                continue;
            }
            at++;
            char escape = at < line.length() ? line.charAt(at) : '"';
            switch (escape) {
                case 'n' -> s.append('\n');
                case 't' -> s.append('\t');
                case 'r' -> s.append('\r');
                case '"', '\\' -> {
                    if (at < line.length()) {
                        s.append(escape);
                    }
                }
                default -> {
                    start = at - 1;
                    throw error("unknown escape '\\" + escape + "' in quotes; known: \\\" \\\\ \\n \\r \\t");
                }
            }
        }
        throw error("the quote is not closed");
    }

    /** Takes the first of the operators that stands here, the longest first; null when none does. */
    @Nullable
    String operator(List<String> longestFirst) {
        skipSpace();
        for (String operator : longestFirst) {
            if (line.startsWith(operator, at)) {
                start = at;
                at += operator.length();
                return operator;
            }
        }
        return null;
    }

    /** Refuses a clause that was given before. */
    void once(Set<String> seen, String clause) {
        if (!seen.add(clause)) {
            throw error("'" + clause + "' is given twice");
        }
    }
}
