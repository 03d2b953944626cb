package dev.mishap.proxy.rules;

import java.util.List;

/** A request to the rules API that can't be done, as RFC 9457 tells it. */
final class RulesProblem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What is wrong with one field; {@code field} is a path in the body, or a query parameter. */
    record Field(String field, String problem) {}

    private final int status;
    private final transient List<Field> errors;

    RulesProblem(int status, String title, List<Field> errors) {
        super(title, null, false, false);
        this.status = status;
        this.errors = List.copyOf(errors);
    }

    static RulesProblem bad(String field, String problem) {
        return new RulesProblem(400, "the request is not valid", List.of(new Field(field, problem)));
    }

    static RulesProblem notFound(String what) {
        return new RulesProblem(404, what, List.of());
    }

    static RulesProblem conflict(String title, String field, String problem) {
        return new RulesProblem(409, title, List.of(new Field(field, problem)));
    }

    int status() {
        return status;
    }

    List<Field> errors() {
        return errors;
    }
}
