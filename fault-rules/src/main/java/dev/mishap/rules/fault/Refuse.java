package dev.mishap.rules.fault;

/**
 * Nobody is there. Downstream: the connection is reset as soon as it is accepted. Upstream: the client is served, but every
 * attempt to connect upstream fails as if it were refused, without a packet sent.
 */
public record Refuse(Side side) implements ConnectionFault.AtAccept {
    @Override
    public Kind kind() {
        return Kind.REFUSE;
    }
}
