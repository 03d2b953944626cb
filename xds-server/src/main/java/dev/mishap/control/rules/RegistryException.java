package dev.mishap.control.rules;

import dev.mishap.rules.yaml.Problem;
import java.util.List;

/** Why the registry refused a request. */
public abstract sealed class RegistryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private RegistryException(String message) {
        super(message, null, false, false);
    }

    /** There is no such rule. */
    public static final class NotFound extends RegistryException {
        private static final long serialVersionUID = 1L;

        NotFound(RuleKey key) {
            super("there is no rule " + key);
        }
    }

    /** A rule that was to be created exists. */
    public static final class AlreadyExists extends RegistryException {
        private static final long serialVersionUID = 1L;

        AlreadyExists(RuleKey key) {
            super("rule " + key + " exists already");
        }
    }

    /** The {@link Precondition} does not hold. */
    public static final class PreconditionFailed extends RegistryException {
        private static final long serialVersionUID = 1L;

        PreconditionFailed(RuleKey key, Precondition expected, long found) {
            super("rule " + key + ": expected " + expected + ", found "
                    + (found == 0 ? "no such rule" : "revision " + found));
        }
    }

    /** Other requests changed the rule again and again meanwhile. */
    public static final class Contended extends RegistryException {
        private static final long serialVersionUID = 1L;

        Contended(RuleKey key) {
            super("rule " + key + " is changed by many at this moment; try again");
        }
    }

    /** The idempotency key was used for another request. */
    public static final class IdempotencyConflict extends RegistryException {
        private static final long serialVersionUID = 1L;

        IdempotencyConflict() {
            super("the idempotency key was used for another request in the last 24 hours");
        }
    }

    /** The continue token is none, or what it goes on with is no longer kept: list from the start. */
    public static final class BadToken extends RegistryException {
        private static final long serialVersionUID = 1L;

        BadToken(String message) {
            super(message);
        }
    }

    /** The document is wrong. */
    public static final class Invalid extends RegistryException {
        private static final long serialVersionUID = 1L;

        @SuppressWarnings("serial")
        private final List<Problem> problems;

        Invalid(List<Problem> problems) {
            super(problems.isEmpty() ? "invalid" : problems.get(0).toString());
            this.problems = List.copyOf(problems);
        }

        public List<Problem> problems() {
            return problems;
        }
    }
}
