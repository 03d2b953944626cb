package dev.mishap.proxy.tls;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXReason;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * Follows a certificate to an authority that is trusted, by RFC 5280, and says of one that can't be followed what BoringSSL says.
 * Every certificate of {@code trusted_ca} is an authority, also one that another issued. Immutable.
 */
final class ChainCheck {
    private static final int MAX_CHAIN = 32;
    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

    // Of OpenSSL's x509_vfy.h.
    private static final int UNABLE_TO_GET_CRL = 3;
    private static final int CERT_SIGNATURE_FAILURE = 7;
    private static final int CERT_NOT_YET_VALID = 9;
    private static final int CERT_HAS_EXPIRED = 10;
    private static final int CRL_HAS_EXPIRED = 12;
    private static final int DEPTH_ZERO_SELF_SIGNED = 18;
    private static final int SELF_SIGNED_IN_CHAIN = 19;
    private static final int UNABLE_TO_GET_ISSUER_LOCALLY = 20;
    private static final int CHAIN_TOO_LONG = 22;
    private static final int CERT_REVOKED = 23;
    private static final int INVALID_CA = 24;
    private static final int INVALID_PURPOSE = 26;
    private static final int UNSPECIFIED = 1;

    private final Map<X500Principal, List<X509Certificate>> authorities = new HashMap<>();
    private final List<X509CRL> crls;
    private final boolean leafCrlOnly;
    private final boolean allowExpired;
    private final int maxDepth;

    /**
     * A check against {@code authorities}.
     *
     * @param crls revocation lists; when there are some, every certificate of a chain needs one
     * @param leafCrlOnly whether only the first certificate needs one
     * @param allowExpired whether it does not matter when certificates are valid
     * @param maxDepth most certificates between the first and the authority; -1 = any number
     */
    ChainCheck(
            Collection<X509Certificate> authorities,
            List<X509CRL> crls,
            boolean leafCrlOnly,
            boolean allowExpired,
            int maxDepth) {
        for (X509Certificate authority : authorities) {
            this.authorities
                    .computeIfAbsent(authority.getSubjectX500Principal(), k -> new ArrayList<>())
                    .add(authority);
        }
        this.crls = List.copyOf(crls);
        this.leafCrlOnly = leafCrlOnly;
        this.allowExpired = allowExpired;
        this.maxDepth = maxDepth;
    }

    /** Checks {@code chain}, whose first certificate is the peer's own. */
    void check(X509Certificate[] chain, boolean peerIsServer, Date now) throws VerifyFailure {
        List<X509Certificate> path = new ArrayList<>();
        path.add(chain[0]);
        X509Certificate anchor = follow(chain, path);
        if (maxDepth >= 0 && path.size() - 1 > maxDepth) {
            throw VerifyFailure.chain(CHAIN_TOO_LONG, path.size() - 1, "certificate chain too long");
        }
        purpose(chain[0], peerIsServer);
        if (!allowExpired) {
            for (int i = 0; i < path.size(); i++) {
                valid(path.get(i), i, now);
            }
            valid(anchor, path.size(), now);
        }
        if (!path.get(0).equals(anchor)) {
            if (!mayIssue(anchor)) {
                throw VerifyFailure.chain(INVALID_CA, path.size(), "invalid CA certificate");
            }
            validate(path, anchor, allowExpired ? within(path) : now);
        }
        if (!crls.isEmpty()) {
            revocation(path, anchor, now);
        }
    }

    /** Adds issuer after issuer to {@code path} and returns the authority above the last. */
    private X509Certificate follow(X509Certificate[] chain, List<X509Certificate> path) throws VerifyFailure {
        while (true) {
            X509Certificate last = path.get(path.size() - 1);
            X509Certificate anchor = authority(last);
            if (anchor != null) {
                if (anchor.equals(last) && path.size() > 1) {
                    path.remove(path.size() - 1);
                }
                return anchor;
            }
            int depth = path.size() - 1;
            if (isSelfIssued(last)) {
                throw depth == 0
                        ? VerifyFailure.chain(DEPTH_ZERO_SELF_SIGNED, 0, "self signed certificate")
                        : VerifyFailure.chain(
                                SELF_SIGNED_IN_CHAIN, depth, "self signed certificate in certificate chain");
            }
            X509Certificate issuer = issuer(last, chain, path);
            if (issuer == null || path.size() >= MAX_CHAIN) {
                throw VerifyFailure.chain(
                        UNABLE_TO_GET_ISSUER_LOCALLY, depth, "unable to get local issuer certificate");
            }
            path.add(issuer);
        }
    }

    private @Nullable X509Certificate authority(X509Certificate certificate) {
        for (X509Certificate a : authorities.getOrDefault(certificate.getSubjectX500Principal(), List.of())) {
            if (a.equals(certificate)) {
                return a;
            }
        }
        X509Certificate named = null;
        for (X509Certificate a : authorities.getOrDefault(certificate.getIssuerX500Principal(), List.of())) {
            if (signed(certificate, a)) {
                return a;
            }
            named = a;
        }
        return isSelfIssued(certificate) ? null : named; // a bad signature is told by the validator
    }

    private static boolean signed(X509Certificate certificate, X509Certificate issuer) {
        try {
            certificate.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static @Nullable X509Certificate issuer(
            X509Certificate certificate, X509Certificate[] chain, List<X509Certificate> path) {
        for (int i = 1; i < chain.length && i < MAX_CHAIN; i++) {
            X509Certificate c = chain[i];
            if (c.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())
                    && !path.contains(c)
                    && signed(certificate, c)) {
                return c;
            }
        }
        return null;
    }

    /** The validator does not ask this of an authority. Certificates of version 1 can't say. */
    private static boolean mayIssue(X509Certificate authority) {
        boolean[] usage = authority.getKeyUsage();
        boolean signs = usage == null || usage[5]; // keyCertSign
        return signs
                && (authority.getBasicConstraints() >= 0 || authority.getVersion() == 1 && isSelfIssued(authority));
    }

    private static boolean isSelfIssued(X509Certificate c) {
        return c.getSubjectX500Principal().equals(c.getIssuerX500Principal());
    }

    private static void valid(X509Certificate c, int depth, Date now) throws VerifyFailure {
        if (now.before(c.getNotBefore())) {
            throw VerifyFailure.chain(CERT_NOT_YET_VALID, depth, "certificate is not yet valid");
        }
        if (now.after(c.getNotAfter())) {
            throw VerifyFailure.chain(CERT_HAS_EXPIRED, depth, "certificate has expired");
        }
    }

    private static void purpose(X509Certificate leaf, boolean server) throws VerifyFailure {
        try {
            List<String> extended = leaf.getExtendedKeyUsage();
            if (extended != null && !extended.contains(server ? SERVER_AUTH : CLIENT_AUTH)) {
                throw VerifyFailure.chain(INVALID_PURPOSE, 0, "unsupported certificate purpose");
            }
        } catch (CertificateParsingException e) {
            throw VerifyFailure.chain(UNSPECIFIED, 0, "invalid certificate");
        }
        boolean[] usage = leaf.getKeyUsage();
        // digitalSignature 0, keyEncipherment 2, keyAgreement 4
        if (usage != null && !usage[0] && !usage[4] && !(server && usage[2])) {
            throw VerifyFailure.chain(INVALID_PURPOSE, 0, "unsupported certificate purpose");
        }
    }

    /** A time at which the certificates are valid, as nearly as there is one. */
    private static Date within(List<X509Certificate> path) {
        Date latest = path.get(0).getNotBefore();
        for (X509Certificate c : path) {
            latest = c.getNotBefore().after(latest) ? c.getNotBefore() : latest;
        }
        return latest;
    }

    private static void validate(List<X509Certificate> path, X509Certificate anchor, Date at) throws VerifyFailure {
        try {
            CertPath certPath = CertificateFactory.getInstance("X.509").generateCertPath(path);
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
            parameters.setRevocationEnabled(false);
            parameters.setDate(at);
            CertPathValidator.getInstance("PKIX").validate(certPath, parameters);
        } catch (CertPathValidatorException e) {
            throw failure(e);
        } catch (CertificateException | InvalidAlgorithmParameterException e) {
            throw VerifyFailure.chain(UNSPECIFIED, 0, "invalid certificate");
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static VerifyFailure failure(CertPathValidatorException e) {
        int depth = Math.max(0, e.getIndex());
        CertPathValidatorException.Reason reason = e.getReason();
        if (reason == CertPathValidatorException.BasicReason.INVALID_SIGNATURE) {
            return VerifyFailure.chain(CERT_SIGNATURE_FAILURE, depth, "certificate signature failure");
        }
        if (reason == CertPathValidatorException.BasicReason.EXPIRED) {
            return VerifyFailure.chain(CERT_HAS_EXPIRED, depth, "certificate has expired");
        }
        if (reason == CertPathValidatorException.BasicReason.NOT_YET_VALID) {
            return VerifyFailure.chain(CERT_NOT_YET_VALID, depth, "certificate is not yet valid");
        }
        if (reason == PKIXReason.NOT_CA_CERT) {
            return VerifyFailure.chain(INVALID_CA, depth, "invalid CA certificate");
        }
        if (reason == PKIXReason.PATH_TOO_LONG) {
            return VerifyFailure.chain(25, depth, "path length constraint exceeded");
        }
        if (reason == PKIXReason.UNRECOGNIZED_CRIT_EXT) {
            return VerifyFailure.chain(34, depth, "unhandled critical extension");
        }
        if (reason == PKIXReason.INVALID_NAME) {
            return VerifyFailure.chain(47, depth, "permitted subtree violation");
        }
        return VerifyFailure.chain(UNSPECIFIED, depth, "unspecified certificate verification error");
    }

    private void revocation(List<X509Certificate> path, X509Certificate anchor, Date now) throws VerifyFailure {
        int checked = leafCrlOnly ? 1 : path.size();
        for (int i = 0; i < checked; i++) {
            X509Certificate issuer = i + 1 < path.size() ? path.get(i + 1) : anchor;
            revocation(path.get(i), issuer, i, now);
        }
    }

    private void revocation(X509Certificate certificate, X509Certificate issuer, int depth, Date now)
            throws VerifyFailure {
        for (X509CRL crl : crls) {
            if (!crl.getIssuerX500Principal().equals(certificate.getIssuerX500Principal())) {
                continue;
            }
            try {
                crl.verify(issuer.getPublicKey());
            } catch (GeneralSecurityException e) {
                throw VerifyFailure.chain(8, depth, "CRL signature failure");
            }
            if (crl.getNextUpdate() != null && now.after(crl.getNextUpdate())) {
                throw VerifyFailure.chain(CRL_HAS_EXPIRED, depth, "CRL has expired");
            }
            if (crl.isRevoked(certificate)) {
                throw VerifyFailure.chain(CERT_REVOKED, depth, "certificate revoked");
            }
            return;
        }
        throw VerifyFailure.chain(UNABLE_TO_GET_CRL, depth, "unable to get certificate CRL");
    }
}
