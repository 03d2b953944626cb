package dev.mishap.rules.fault;

/** Which of the proxy's two connections a fault breaks; the other one is closed as it would be if the peer had done that. */
public enum Side {
    DOWNSTREAM("downstream"),
    UPSTREAM("upstream");

    private final String field;

    Side(String field) {
        this.field = field;
    }

    /** The word in a rule file. */
    public String field() {
        return field;
    }
}
