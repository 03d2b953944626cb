package dev.mishap.control.security;

import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a caller has presented, whichever protocol it came by.
 *
 * @param address where from
 * @param loopback whether that is this machine
 * @param authorization the header or metadata of that name
 * @param host the name that it called us by; null = the protocol has none
 * @param origin the web page that calls, if one does
 * @param forwarded whether somebody stands in between, who says so
 * @param certificates of the client, verified; the first is its own
 */
public record Credentials(
        String address,
        boolean loopback,
        @Nullable String authorization,
        @Nullable String host,
        @Nullable String origin,
        boolean forwarded,
        List<X509Certificate> certificates) {
    public Credentials {
        certificates = List.copyOf(certificates);
    }

    /** Without what must not be logged. */
    @Override
    public String toString() {
        return "Credentials[" + address + (authorization == null ? "" : ", authorization present") + "]";
    }
}
