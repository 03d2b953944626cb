package dev.mishap.control.rules;

/** A rule message that says no rule. */
public final class InvalidRuleException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    private final String field;
    private final String problem;

    InvalidRuleException(String field, String problem) {
        super(field.isEmpty() ? problem : field + ": " + problem);
        this.field = field;
        this.problem = problem;
    }

    /** The path of the field, from the rule on: {@code scope.cohort.percent}; empty for the rule as a whole. */
    public String field() {
        return field;
    }

    /** What was expected, and found. */
    public String problem() {
        return problem;
    }
}
