package dev.mishap.rules.fault;

/** Every byte arrives so much later than it would, in order; never early. */
public record Latency(Pace pace, Direction direction) implements ConnectionFault {
    @Override
    public Kind kind() {
        return Kind.LATENCY;
    }
}
