package dev.mishap.proxy.tls;

import java.security.cert.CertificateException;

/** A peer's certificate that is not accepted: what is counted, and Envoy's words for it. */
final class VerifyFailure extends CertificateException {
    private static final long serialVersionUID = 1L;

    /** Which counter a failure belongs to. */
    enum Kind {
        CHAIN,
        SAN,
        HASH,
        KEY_USAGE
    }

    private final Kind kind;
    /** An {@code X509_V_ERR_…}, which decides the alert that the peer gets. */
    private final int error;

    VerifyFailure(Kind kind, int error, String message) {
        super(message);
        this.kind = kind;
        this.error = error;
    }

    static VerifyFailure chain(int error, int depth, String text) {
        return new VerifyFailure(
                Kind.CHAIN, error, "X509_verify_cert: certificate verification error at depth " + depth + ": " + text);
    }

    Kind kind() {
        return kind;
    }

    int error() {
        return error;
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
