package dev.mishap.rules.fault;

import dev.mishap.rules.Percentage;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Changes bytes on their way; how many pass stays the same.
 *
 * @param share of the bytes from {@code offset} on of which one bit is turned round, drawn byte by byte; unused with a pattern
 * @param offset bytes of the direction that pass untouched first; 0 or more
 * @param pattern hexadecimal digits of 1 to 64 bytes that are written over what stands at {@code offset}; null = by {@code share}
 */
public record Corrupt(
        Percentage share, long offset, @Nullable String pattern, Direction direction) implements ConnectionFault {
    public Corrupt {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must be 0 or more, got " + offset);
        }
        if (pattern != null) {
            byte[] bytes = parse(pattern);
            if (bytes.length < 1 || bytes.length > 64) {
                throw new IllegalArgumentException("pattern must be 1 to 64 bytes, got " + bytes.length);
            }
        }
    }

    private static byte[] parse(String digits) {
        try {
            return HexFormat.of().parseHex(digits);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "pattern must be hexadecimal digits such as deadbeef, got '" + digits + "'");
        }
    }

    /** The bytes of the pattern; null when there is none. */
    public byte @Nullable [] patternBytes() {
        return pattern == null ? null : parse(pattern);
    }

    @Override
    public Kind kind() {
        return Kind.CORRUPT;
    }
}
