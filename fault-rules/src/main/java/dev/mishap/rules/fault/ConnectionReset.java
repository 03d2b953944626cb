package dev.mishap.rules.fault;

/** Resets the connection (RST) at a moment. */
public record ConnectionReset(Moment when, Side side) implements ConnectionFault {
    @Override
    public Kind kind() {
        return Kind.CONNECTION_RESET;
    }
}
