package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** {@code DownstreamTlsContext.OcspStaplePolicy}: what a client is told that asks whether the certificate still holds. */
enum OcspPolicy {
    /** The authority's answer, if it has not expired. */
    LENIENT_STAPLING,
    /** Likewise, but nobody is served with one that has. */
    STRICT_STAPLING,
    /** There has to be one. */
    MUST_STAPLE;

    /** What is done about it in one handshake. */
    enum Action {
        STAPLE,
        OMIT,
        FAIL,
        /** The client does not ask. */
        NONE
    }

    /** @throws ConfigException when {@code certificate} can't be served by the policy */
    void check(TlsCertificate certificate) {
        if (certificate.ocsp() == null && this == MUST_STAPLE) {
            throw new ConfigException("Required OCSP response is missing from TLS context");
        }
        if (certificate.ocsp() == null && certificate.mustStaple()) {
            throw new ConfigException("OCSP response is required for must-staple certificate");
        }
    }

    Action action(TlsCertificate certificate, boolean asked, Instant now) {
        if (!asked) {
            return Action.NONE;
        }
        OcspResponse response = certificate.ocsp();
        if (response != null && response.holds(now)) {
            return Action.STAPLE;
        }
        return switch (certificate.mustStaple() ? MUST_STAPLE : this) {
            case LENIENT_STAPLING -> Action.OMIT;
            case STRICT_STAPLING -> response == null ? Action.OMIT : Action.FAIL;
            case MUST_STAPLE -> Action.FAIL;
        };
    }

    /** Whether a look at the client's hello can make a difference. */
    static boolean matters(Iterable<TlsCertificate> certificates) {
        for (TlsCertificate c : certificates) {
            if (c.ocsp() != null) {
                return true;
            }
        }
        return false;
    }

    /** The answer that is handed on, for {@link Action#STAPLE}. */
    static byte @Nullable [] staple(TlsCertificate certificate) {
        OcspResponse response = certificate.ocsp();
        return response == null ? null : response.bytes();
    }
}
