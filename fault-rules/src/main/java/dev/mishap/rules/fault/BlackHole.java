package dev.mishap.rules.fault;

/** Accepts, reads what comes and never answers. Nothing is sent upstream; the connection ends when the client ends it. */
public record BlackHole() implements ConnectionFault.AtAccept {
    @Override
    public Kind kind() {
        return Kind.BLACK_HOLE;
    }
}
