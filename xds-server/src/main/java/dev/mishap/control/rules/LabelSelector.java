package dev.mishap.control.rules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Chooses by labels, in Kubernetes' form: {@code team=pay,tier!=gold,zone in (a,b),zone notin (c),owner,!legacy}. All must hold. A label
 * that is absent is unlike every value.
 */
public final class LabelSelector {
    public static final LabelSelector ALL = new LabelSelector(List.of());
    private static final int MAX = 4096;

    /** One of the list. @param values null = whether the label is there at all */
    private record Test(String label, @Nullable Set<String> values, boolean negated) {
        private boolean matches(Map<String, String> labels) {
            String value = labels.get(label);
            boolean found = value != null && (values == null || values.contains(value));
            return found != negated;
        }
    }

    private final List<Test> tests;

    private LabelSelector(List<Test> tests) {
        this.tests = tests;
    }

    /** @throws IllegalArgumentException that says what is wrong */
    public static LabelSelector parse(String text) {
        if (text.length() > MAX) {
            throw new IllegalArgumentException("a label selector has at most " + MAX + " characters");
        }
        List<Test> tests = new ArrayList<>();
        for (String part : parts(text)) {
            tests.add(test(part.trim(), text));
        }
        return tests.isEmpty() ? ALL : new LabelSelector(List.copyOf(tests));
    }

    public boolean isAll() {
        return tests.isEmpty();
    }

    public boolean matches(Map<String, String> labels) {
        for (Test test : tests) {
            if (!test.matches(labels)) {
                return false;
            }
        }
        return true;
    }

    /** At the commas outside of brackets. */
    private static List<String> parts(String text) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        boolean inside = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '(' || c == ')') {
                if (inside == (c == '(')) {
                    throw wrong(text, "its brackets don't fit");
                }
                inside = c == '(';
            } else if (c == ',' && !inside) {
                parts.add(text.substring(start, i));
                start = i + 1;
            }
        }
        if (inside) {
            throw wrong(text, "a bracket is open at its end");
        }
        if (!text.isBlank()) {
            parts.add(text.substring(start));
        }
        return parts;
    }

    private static Test test(String part, String whole) {
        if (part.endsWith(")")) {
            int open = part.indexOf('(');
            String[] words = part.substring(0, open).trim().split("\\s+");
            if (words.length == 2 && (words[1].equals("in") || words[1].equals("notin"))) {
                Set<String> values = new TreeSet<>();
                Arrays.stream(part.substring(open + 1, part.length() - 1).split(",", -1))
                        .forEach(v -> values.add(word(v, whole, true)));
                return new Test(word(words[0], whole, false), values, words[1].equals("notin"));
            }
            throw wrong(whole, "expected LABEL in (…) or LABEL notin (…), found '" + part + "'");
        }
        int at = part.indexOf('=');
        if (at >= 0) {
            boolean negated = at > 0 && part.charAt(at - 1) == '!';
            int value = part.startsWith("==", at) ? at + 2 : at + 1;
            return new Test(
                    word(part.substring(0, negated ? at - 1 : at), whole, false),
                    Set.of(word(part.substring(value), whole, true)),
                    negated);
        }
        boolean negated = part.startsWith("!");
        return new Test(word(negated ? part.substring(1) : part, whole, false), null, negated);
    }

    private static String word(String text, String whole, boolean mayBeEmpty) {
        String word = text.trim();
        boolean plain = word.chars()
                .noneMatch(c -> Character.isWhitespace(c) || c == '(' || c == ')' || c == '=' || c == '!' || c == ',');
        if (!plain || word.isEmpty() && !mayBeEmpty) {
            throw wrong(whole, "'" + word + "' is no " + (mayBeEmpty ? "value" : "label"));
        }
        return word;
    }

    private static IllegalArgumentException wrong(String whole, String why) {
        return new IllegalArgumentException("label selector '" + whole + "': " + why);
    }
}
