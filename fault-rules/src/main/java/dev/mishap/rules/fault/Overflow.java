package dev.mishap.rules.fault;

/** What becomes of a connection for which there is no room. */
public enum Overflow {
    /** It is accepted and waits, without an answer, until there is room. */
    QUEUE("queue"),
    /** It is reset. */
    REFUSE("refuse"),
    /** It is closed. */
    CLOSE("close");

    private final String field;

    Overflow(String field) {
        this.field = field;
    }

    /** The word in a rule file. */
    public String field() {
        return field;
    }
}
