package dev.mishap.rules.fault;

/** Resets the downstream connection (HTTP/1: TCP RST; HTTP/2: RST_STREAM) instead of answering. */
public record Reset() implements Fault.Terminal {
    @Override
    public Kind kind() {
        return Kind.RESET;
    }
}
