package dev.mishap.rules.fault;

/** Which way bytes go through the proxy. */
public enum Direction {
    BOTH("both"),
    /** From the client to the service. */
    TO_UPSTREAM("toUpstream"),
    /** From the service to the client. */
    TO_DOWNSTREAM("toDownstream");

    private final String field;

    Direction(String field) {
        this.field = field;
    }

    /** The word in a rule file. */
    public String field() {
        return field;
    }

    public boolean includesUpstream() {
        return this != TO_DOWNSTREAM;
    }

    public boolean includesDownstream() {
        return this != TO_UPSTREAM;
    }
}
