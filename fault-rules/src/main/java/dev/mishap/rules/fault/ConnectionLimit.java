package dev.mishap.rules.fault;

/**
 * At most so many connections in scope at one time, over all workers of the proxy.
 *
 * @param max 0 or more
 */
public record ConnectionLimit(int max, Overflow then) implements ConnectionFault.AtAccept {
    public ConnectionLimit {
        if (max < 0) {
            throw new IllegalArgumentException("max must be 0 or more, got " + max);
        }
    }

    @Override
    public Kind kind() {
        return Kind.CONNECTION_LIMIT;
    }
}
