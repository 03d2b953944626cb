package dev.mishap.proxy.transport;

import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Facts of a TLS session after its handshake, for access logs, header formats and matchers. What is derived from certificates is
 * computed when it is first asked for. Called on the connection's loop.
 */
public interface TlsSession {
    /** A fact that has a form as text, named as the access log's operators are after their side. */
    enum Fact {
        TLS_VERSION,
        TLS_CIPHER,
        TLS_SESSION_ID,
        TLS_GROUP,
        PEER_SUBJECT,
        PEER_ISSUER,
        PEER_CERT,
        PEER_SERIAL,
        PEER_FINGERPRINT_1,
        PEER_FINGERPRINT_256,
        PEER_CHAIN_FINGERPRINTS_1,
        PEER_CHAIN_FINGERPRINTS_256,
        PEER_CHAIN_SERIALS,
        PEER_URI_SAN,
        PEER_DNS_SAN,
        PEER_IP_SAN,
        PEER_EMAIL_SAN,
        PEER_OTHERNAME_SAN,
        LOCAL_SUBJECT,
        LOCAL_URI_SAN,
        LOCAL_DNS_SAN,
        LOCAL_IP_SAN,
        LOCAL_EMAIL_SAN,
        LOCAL_OTHERNAME_SAN
    }

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

    /** The fact's text, several values joined by commas, or null when there is none. */
    @Nullable
    String fact(Fact fact);

    /** Alternative names of the peer's certificate that are URIs. */
    List<String> peerUris();

    /** Alternative names of the peer's certificate that are DNS names. */
    List<String> peerDnsNames();

    /** Alternative names of our own certificate that are URIs. */
    List<String> localUris();

    /** The peer's certificate and those that it sent after it as PEM, url-encoded; null when it sent none. */
    @Nullable
    String peerChainPem();
}
