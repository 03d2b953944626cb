package dev.mishap.rules.fault;

/** At a moment the connection upstream is dropped, but the client is told nothing: its connection stays open and silent. */
public record HalfOpen(Moment when) implements ConnectionFault {
    @Override
    public Kind kind() {
        return Kind.HALF_OPEN;
    }
}
