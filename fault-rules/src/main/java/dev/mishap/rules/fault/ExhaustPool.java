package dev.mishap.rules.fault;

/**
 * Takes the places in a service's pool: the first connections in scope are accepted and held open, idle and unanswered; those after
 * them meet {@code then}. When a held connection is closed by its client the next one takes its place.
 *
 * @param hold 1 or more
 */
public record ExhaustPool(int hold, Overflow then) implements ConnectionFault.AtAccept {
    public ExhaustPool {
        if (hold < 1) {
            throw new IllegalArgumentException("hold must be 1 or more, got " + hold);
        }
    }

    @Override
    public Kind kind() {
        return Kind.EXHAUST_POOL;
    }
}
