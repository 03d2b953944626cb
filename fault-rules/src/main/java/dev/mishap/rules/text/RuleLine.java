package dev.mishap.rules.text;

import dev.mishap.rules.FaultRule;
import java.util.List;

/** Rules in one line, such as {@code abort 503 40% when header x-user-tier = canary for 2m}. */
public final class RuleLine {
    private RuleLine() {}

    /**
     * Reads a rule.
     *
     * @param defaultName the rule's name when the line has no {@code as}
     * @throws RuleSyntaxException showing where it is wrong
     */
    public static FaultRule parse(String line, String defaultName) {
        return new LineParser(line).rule(defaultName);
    }

    /**
     * Writes a rule so that {@link #parse} reads it back equal.
     *
     * @throws IllegalArgumentException when {@link #inexpressible} is not empty
     */
    public static String print(FaultRule rule) {
        List<String> missing = inexpressible(rule);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("the one-line form cannot say " + String.join(", ", missing));
        }
        return LinePrinter.print(rule);
    }

    /** The rule for people: as {@link #print}, and the names of the fields that have no words. */
    public static String describe(FaultRule rule) {
        List<String> missing = inexpressible(rule);
        return LinePrinter.print(rule) + (missing.isEmpty() ? "" : " (with " + String.join(", ", missing) + ")");
    }

    /** The fields of a rule that have no words in the one-line form. */
    public static List<String> inexpressible(FaultRule rule) {
        return LinePrinter.inexpressible(rule);
    }
}
