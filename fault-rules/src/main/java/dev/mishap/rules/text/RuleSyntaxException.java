package dev.mishap.rules.text;

/** A line that is no rule. The message shows the line with a caret under the place. */
public final class RuleSyntaxException extends IllegalArgumentException {
    private final transient String problem;
    private final int column;

    RuleSyntaxException(String line, int at, String problem) {
        super(problem + "\n  " + shown(line) + "\n  " + " ".repeat(at) + '^');
        this.problem = problem;
        this.column = at + 1;
    }

    /** Control characters would move the caret. */
    private static String shown(String line) {
        StringBuilder s = new StringBuilder(line.length());
        line.chars().forEach(c -> s.append(c < 0x20 || c == 0x7f ? ' ' : (char) c));
        return s.toString();
    }

    /** What was expected and found, without the line. */
    public String problem() {
        return problem;
    }

    /** From 1. */
    public int column() {
        return column;
    }
}
