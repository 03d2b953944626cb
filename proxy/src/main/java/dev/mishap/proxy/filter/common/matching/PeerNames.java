package dev.mishap.proxy.filter.common.matching;

import dev.mishap.proxy.transport.TlsSession;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/** The names in the certificate of a connection's peer. */
public final class PeerNames {
    private static final int DNS = 2;
    private static final int URI = 6;

    private PeerNames() {}

    /** The URIs of its subject alternative names. */
    public static List<String> uris(@Nullable TlsSession tls) {
        return alternatives(tls, URI);
    }

    /** The DNS names of its subject alternative names. */
    public static List<String> dnsNames(@Nullable TlsSession tls) {
        return alternatives(tls, DNS);
    }

    /** Its subject as in RFC 2253, or null when there is no certificate. */
    public static @Nullable String subject(@Nullable TlsSession tls) {
        X509Certificate certificate = certificate(tls);
        return certificate == null
                ? null
                : certificate.getSubjectX500Principal().getName(X500Principal.RFC2253);
    }

    private static @Nullable X509Certificate certificate(@Nullable TlsSession tls) {
        return tls == null || tls.peerCertificates().isEmpty()
                ? null
                : tls.peerCertificates().get(0);
    }

    private static List<String> alternatives(@Nullable TlsSession tls, int kind) {
        X509Certificate certificate = certificate(tls);
        if (certificate == null) {
            return List.of();
        }
        try {
            Collection<List<?>> all = certificate.getSubjectAlternativeNames();
            if (all == null) {
                return List.of();
            }
            List<String> names = new ArrayList<>();
            for (List<?> name : all) {
                if (Integer.valueOf(kind).equals(name.get(0))) {
                    names.add(String.valueOf(name.get(1)));
                }
            }
            return names;
        } catch (CertificateParsingException e) {
            return List.of(); // names that can't be read are none
        }
    }
}
