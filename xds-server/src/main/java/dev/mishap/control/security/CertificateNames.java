package dev.mishap.control.security;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The names that a certificate speaks for: its subject alternative names of the kinds URI, DNS and e-mail. */
final class CertificateNames {
    private static final int EMAIL = 1;
    private static final int DNS = 2;
    private static final int URI = 6;

    private CertificateNames() {}

    static List<String> of(X509Certificate certificate) {
        List<String> uris = new ArrayList<>();
        List<String> others = new ArrayList<>();
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            if (names != null) {
                for (List<?> name : names) {
                    int kind = (Integer) name.get(0);
                    if (kind == URI) {
                        uris.add(String.valueOf(name.get(1)));
                    } else if (kind == DNS || kind == EMAIL) {
                        others.add(String.valueOf(name.get(1)));
                    }
                }
            }
        } catch (CertificateParsingException e) {
            return List.of();
        }
        uris.addAll(others);
        return uris;
    }
}
