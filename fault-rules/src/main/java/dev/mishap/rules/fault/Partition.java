package dev.mishap.rules.fault;

/**
 * The network between the proxy and a group of endpoints is cut. New connections to them are not made, live ones stall or break.
 * Bytes that a live connection had on their way when it stalled wait, and pass when the rule ends, as those of a network that
 * heals before anybody gives up.
 *
 * @param mode what those see who try
 * @param direction which way nothing passes; with {@link Mode#REFUSE} both. One way, a connection that lives goes on the other
 *     way; a new one cannot be made, since that takes packets of both ways
 */
public record Partition(Mode mode, Direction direction) implements ConnectionFault {
    /** How a network says that it does not pass anything. */
    public enum Mode {
        /** It says nothing: connecting times out, live connections stall. */
        DROP("drop"),
        /** It rejects: connecting is refused, live connections are reset. */
        REFUSE("refuse");

        private final String field;

        Mode(String field) {
            this.field = field;
        }

        /** The word in a rule file. */
        public String field() {
            return field;
        }
    }

    public Partition {
        if (mode == Mode.REFUSE && direction != Direction.BOTH) {
            throw new IllegalArgumentException("direction can only be both when the mode is refuse");
        }
    }

    @Override
    public Side side() {
        return Side.UPSTREAM;
    }

    @Override
    public Kind kind() {
        return Kind.PARTITION;
    }
}
