package dev.mishap.proxy.transport;

import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Facts of a TLS session after its handshake, for access logs, header formats and matchers. */
public interface TlsSession {
    /** For example {@code TLSv1.3}. */
    String version();

    /** The cipher's OpenSSL name. */
    String cipher();

    /** In lower-case hex; {@code ""} when there is none. */
    String sessionId();

    /** The protocol agreed on by ALPN; null when there is none. */
    @Nullable
    String applicationProtocol();

    /** The peer's certificate and those that it sent after it; empty when it sent none. */
    List<X509Certificate> peerCertificates();

    /** The certificate shown to the peer; null when there is none. */
    @Nullable
    X509Certificate localCertificate();

    /** Whether the peer's certificate was verified against a validation context. */
    boolean peerVerified();
}
