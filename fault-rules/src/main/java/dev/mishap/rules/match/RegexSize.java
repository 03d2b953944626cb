package dev.mishap.rules.match;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What a regex would come to as a program, for the Java port of RE2 does not limit it: {@code (a{1000}){1000}} takes seconds and
 * more memory than a sidecar has. The limits are those of RE2 itself with its default memory. A rough count over the text;
 * whether the text is a regex at all is for the parser to say.
 */
public final class RegexSize {
    private static final long MAX_REPEATS = 1000;
    private static final long MAX_PROGRAM = 87_381;

    private final String regex;
    /** Of the groups around the place that is read: steps so far and the largest nested repetition. */
    private final Deque<long[]> outer = new ArrayDeque<>();

    private long steps;
    private long repeats = 1;
    private long atomSteps;
    private long atomRepeats = 1;

    private RegexSize(String regex) {
        this.regex = regex;
    }

    /** What is wrong with the size, in RE2's words; null when nothing is. */
    public static @Nullable String problem(String regex) {
        return regex.indexOf('{') < 0 ? null : new RegexSize(regex).read();
    }

    private @Nullable String read() {
        for (int i = 0; i < regex.length(); i++) {
            char c = regex.charAt(i);
            if (c == '{') {
                int end = regex.indexOf('}', i);
                long times = end < 0 ? -1 : times(regex.substring(i + 1, end));
                if (times >= 0) {
                    atomRepeats *= Math.max(1, times);
                    atomSteps *= Math.max(1, times);
                    if (atomRepeats > MAX_REPEATS) {
                        return "invalid repetition size: " + regex.substring(i, end + 1);
                    }
                    i = end;
                    continue;
                }
            }
            if (c == '(') {
                endAtom();
                outer.push(new long[] {steps, repeats});
                steps = 0;
                repeats = 1;
            } else if (c == ')' && !outer.isEmpty()) {
                endAtom();
                long[] around = outer.pop();
                atomSteps = steps + 2;
                atomRepeats = repeats;
                steps = around[0];
                repeats = around[1];
            } else {
                endAtom();
                atomSteps = 1;
                i = c == '\\' ? escapeEnd(i) : c == '[' ? classEnd(i) : i;
            }
            if (steps + atomSteps > MAX_PROGRAM) {
                return "pattern too large - compile failed";
            }
        }
        return steps + atomSteps > MAX_PROGRAM ? "pattern too large - compile failed" : null;
    }

    private void endAtom() {
        steps += atomSteps;
        repeats = Math.max(repeats, atomRepeats);
        atomSteps = 0;
        atomRepeats = 1;
    }

    private int escapeEnd(int at) {
        if (!regex.startsWith("\\Q", at)) {
            return at + 1;
        }
        int end = regex.indexOf("\\E", at);
        return end < 0 ? regex.length() : end + 1;
    }

    private int classEnd(int at) {
        int i = at + 1;
        if (i < regex.length() && regex.charAt(i) == '^') {
            i++;
        }
        // A bracket that comes first is a member.
        for (i++; i < regex.length(); i++) {
            char c = regex.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == ']') {
                return i;
            }
        }
        return i;
    }

    /** The greater number of {@code n}, {@code n,} or {@code n,m}; -1 when it is none of them. */
    private static long times(String text) {
        int comma = text.indexOf(',');
        long from = number(comma < 0 ? text : text.substring(0, comma));
        if (from < 0 || comma < 0 || comma == text.length() - 1) {
            return from;
        }
        long to = number(text.substring(comma + 1));
        return to < 0 ? -1 : Math.max(from, to);
    }

    private static long number(String text) {
        if (text.isEmpty() || text.length() > 9) {
            return -1;
        }
        long n = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            n = n * 10 + digit;
        }
        return n;
    }
}
