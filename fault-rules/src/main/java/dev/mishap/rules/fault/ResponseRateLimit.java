package dev.mishap.rules.fault;

/**
 * Sends the response's body no faster than this.
 *
 * @param kbps KiB per second, 1 to 1 Gi (the unit of Envoy's {@code limit_kbps})
 */
public record ResponseRateLimit(long kbps) implements Fault {
    public static final long MAX_KBPS = 1L << 30;

    public ResponseRateLimit {
        if (kbps < 1 || kbps > MAX_KBPS) {
            throw new IllegalArgumentException("kbps must be from 1 to " + MAX_KBPS + ", got " + kbps);
        }
    }

    public long bytesPerSecond() {
        return kbps * 1024;
    }

    @Override
    public Kind kind() {
        return Kind.RESPONSE_RATE_LIMIT;
    }
}
