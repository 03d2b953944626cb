package dev.mishap.proxy.xds.grpc;

/** Limits requests: {@code max} at once, then a steady rate. */
final class TokenBucket {
    private final double max;
    private final double perNano;
    private double tokens;
    private long filledNanos;

    TokenBucket(int max, double perSecond, long nowNanos) {
        this.max = max;
        this.perNano = perSecond / 1e9;
        this.tokens = max;
        this.filledNanos = nowNanos;
    }

    boolean take(long nowNanos) {
        tokens = Math.min(max, tokens + (nowNanos - filledNanos) * perNano);
        filledNanos = nowNanos;
        if (tokens < 1 - 1e-6) { // what rounding may take
            return false;
        }
        tokens--;
        return true;
    }

    /** Nanoseconds until a token is there. */
    long untilNext(long nowNanos) {
        return Math.max(1_000_000, (long) ((1 - tokens) / perNano));
    }
}
