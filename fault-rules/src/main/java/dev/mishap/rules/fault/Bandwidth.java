package dev.mishap.rules.fault;

/**
 * Bytes pass no faster than this, each direction by itself.
 *
 * @param kbps KiB per second, 1 to 1 Gi
 */
public record Bandwidth(long kbps, Direction direction) implements ConnectionFault {
    public Bandwidth {
        if (kbps < 1 || kbps > ResponseRateLimit.MAX_KBPS) {
            throw new IllegalArgumentException(
                    "kbps must be from 1 to " + ResponseRateLimit.MAX_KBPS + ", got " + kbps);
        }
    }

    public long bytesPerSecond() {
        return kbps * 1024;
    }

    @Override
    public Kind kind() {
        return Kind.BANDWIDTH;
    }
}
