package dev.mishap.rules.fault;

/** The connection upstream is begun so much later; the client is accepted at once, and what it sends waits. */
public record ConnectDelay(Pace pace) implements ConnectionFault {
    @Override
    public Kind kind() {
        return Kind.CONNECT_DELAY;
    }
}
