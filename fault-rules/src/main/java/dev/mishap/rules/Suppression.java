package dev.mishap.rules;

/** Why a rule whose draw hit did not touch the request. */
public enum Suppression {
    /** {@link Limits#maxTrafficPercent}. */
    CAP("cap"),
    /** {@link Limits#maxConcurrent}. */
    CONCURRENCY("concurrency"),
    /** {@link Limits#maxPerSecond}. */
    RATE("rate"),
    /** Outside the schedule, held back by the ramp, or after the ttl. */
    SCHEDULE("schedule"),
    /** {@link Protection}: the rule does not name what is protected. */
    PROTECTED("protected"),
    /** An earlier rule's abort or reset had ended the request. */
    SUPERSEDED("superseded");

    private final String field;

    Suppression(String field) {
        this.field = field;
    }

    /** The name in a rule's status. */
    public String field() {
        return field;
    }
}
