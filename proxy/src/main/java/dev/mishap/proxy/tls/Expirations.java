package dev.mishap.proxy.tls;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code ssl.certificate.<name>.expiration_unix_time_seconds}. */
final class Expirations {
    private static final String NAME_OF_UNNAMED = "_e3b0c442";

    private Expirations() {}

    static void publish(TlsStats stats, List<TlsCertificate> own, TrustConfig trust) {
        for (TlsCertificate c : own) {
            stats.expiration(
                    "unnamed_cert" + NAME_OF_UNNAMED, c.leaf().getNotAfter().getTime() / 1000);
        }
        if (trust.checks()) {
            Long end = trust.firstEnd();
            stats.expiration(
                    end == null ? "unnamed_ca_cert" : "unnamed_ca_cert" + NAME_OF_UNNAMED,
                    end == null ? Long.MAX_VALUE : end);
        }
    }

    /** Whole days from now until {@code endMillis}, not below 0. */
    static long days(long endMillis, long nowMillis) {
        return Math.max(0, (endMillis - nowMillis) / 86_400_000L);
    }

    static @Nullable Long earliest(@Nullable Long a, long b) {
        return a == null ? Long.valueOf(b) : Long.valueOf(Math.min(a, b));
    }
}
