package dev.mishap.rules;

import org.jspecify.annotations.Nullable;

/**
 * What every text contains that a regex of RE2's syntax matches, if that is easily told: the longest run of plain characters that are neither
 * optional nor within a group or an alternative. It errs on the side of nothing.
 */
final class RegexLiteral {
    private static final String META = "\\.[](){}*+?^$|";

    private final String regex;
    private int at;
    private final StringBuilder run = new StringBuilder();
    private String best = "";

    private RegexLiteral(String regex) {
        this.regex = regex;
    }

    /** The literal; null when none is known. */
    static @Nullable String of(String regex) {
        // Flags may change what a character means, and an alternative what must be there.
        if (regex.contains("(?") || regex.contains("\\Q") || regex.contains("\\C")) {
            return null;
        }
        RegexLiteral reader = new RegexLiteral(regex);
        return reader.read() && !reader.best.isEmpty() ? reader.best : null;
    }

    private boolean read() {
        while (at < regex.length()) {
            char c = regex.charAt(at);
            if (c == '|' || c == ')' || c == '{' || c == '*' || c == '+' || c == '?') {
                return false; // an alternative of all, or what is handled after its operand
            }
            int literal = atom(c);
            if (literal == -2) {
                return false;
            }
            boolean optional = false;
            boolean repeated = false;
            while (at < regex.length() && "*+?{".indexOf(regex.charAt(at)) >= 0) {
                char q = regex.charAt(at);
                repeated = true;
                optional |= q != '+';
                if (q == '{') {
                    int end = regex.indexOf('}', at);
                    if (end < 0) {
                        return false;
                    }
                    at = end;
                }
                at++;
            }
            if (literal < 0 || optional) {
                end();
            } else {
                run.append((char) literal);
                if (repeated) {
                    end();
                }
            }
        }
        end();
        return true;
    }

    /** Reads one thing that may be repeated: the character that it stands for, -1 for none, -2 when it is not understood. */
    private int atom(char c) {
        at++;
        switch (c) {
            case '\\' -> {
                if (at >= regex.length()) {
                    return -2;
                }
                char escaped = regex.charAt(at++);
                if (META.indexOf(escaped) >= 0 || "/-_~!@#%&=:;,<>'\"` ".indexOf(escaped) >= 0) {
                    return escaped;
                }
                // A class or a position; those with an argument are rare.
                return "dDsSwWbBAz".indexOf(escaped) >= 0 ? -1 : -2;
            }
            case '.', '^', '$' -> {
                return -1;
            }
            case '[' -> {
                return skipClass() ? -1 : -2;
            }
            case '(' -> {
                return skipGroup() ? -1 : -2;
            }
            default -> {
                return Character.isSurrogate(c) ? -1 : c;
            }
        }
    }

    /** To behind the end of a class, whose bracket has been read. */
    private boolean skipClass() {
        if (at < regex.length() && regex.charAt(at) == '^') {
            at++;
        }
        if (at < regex.length() && regex.charAt(at) == ']') {
            at++; // stands for itself
        }
        while (at < regex.length()) {
            char c = regex.charAt(at++);
            if (c == ']') {
                return true;
            }
            if (c == '[') {
                return false; // [[:alpha:]], which is left alone
            }
            if (c == '\\') {
                at++;
            }
        }
        return false;
    }

    private boolean skipGroup() {
        int depth = 1;
        while (at < regex.length()) {
            char c = regex.charAt(at++);
            if (c == '\\') {
                at++;
            } else if (c == '[') {
                if (!skipClass()) {
                    return false;
                }
            } else if (c == '(') {
                depth++;
            } else if (c == ')' && --depth == 0) {
                return true;
            }
        }
        return false;
    }

    private void end() {
        if (run.length() > best.length()) {
            best = run.toString();
        }
        run.setLength(0);
    }
}
