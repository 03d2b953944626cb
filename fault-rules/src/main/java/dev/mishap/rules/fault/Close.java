package dev.mishap.rules.fault;

/** Closes the connection (FIN) at a moment. */
public record Close(Moment when, Side side) implements ConnectionFault {
    @Override
    public Kind kind() {
        return Kind.CLOSE;
    }
}
