package dev.mishap.rules.fault;

/**
 * So many bytes pass in a direction, then the connection is closed (FIN), the rest is dropped.
 *
 * @param bytes 0 or more
 */
public record LimitData(long bytes, Direction direction) implements ConnectionFault {
    public LimitData {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes must be 0 or more, got " + bytes);
        }
    }

    @Override
    public Kind kind() {
        return Kind.LIMIT_DATA;
    }
}
