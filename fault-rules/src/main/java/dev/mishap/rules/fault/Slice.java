package dev.mishap.rules.fault;

import java.time.Duration;

/**
 * Bytes are written in small pieces, each a segment of its own.
 *
 * @param bytes of a piece, 1 to 1 Mi
 * @param variation a piece has {@code bytes ± variation}; less than {@code bytes}
 * @param delay between two pieces; 0 = none
 */
public record Slice(int bytes, int variation, Duration delay, Direction direction) implements ConnectionFault {
    public Slice {
        if (bytes < 1 || bytes > 1 << 20) {
            throw new IllegalArgumentException("bytes must be from 1 to " + (1 << 20) + ", got " + bytes);
        }
        if (variation < 0 || variation >= bytes) {
            throw new IllegalArgumentException("variation must be from 0 to less than bytes, got " + variation);
        }
        if (!delay.isZero()) {
            Pace.requireTime("delay", delay);
        }
    }

    @Override
    public Kind kind() {
        return Kind.SLICE;
    }
}
