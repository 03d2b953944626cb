package dev.mishap.proxy.tls;

import dev.mishap.proxy.tls.Certificates.SanType;
import dev.mishap.proxy.transport.TlsSession;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.internal.tcnative.SSL;
import java.math.BigInteger;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** What a handshake led to. What the engine knows is taken at once, since it is gone with the engine; the rest is made when asked for. */
final class Session implements TlsSession {
    private static final int FACTS = Fact.values().length;

    private final String version;
    private final String cipher;
    private final byte[] id;
    private final @Nullable String group;
    private final @Nullable String protocol;
    private final boolean reused;
    private final List<X509Certificate> peer;
    private final @Nullable X509Certificate local;
    private final PeerVerifier verifier;
    private final boolean peerIsServer;
    private @Nullable String[] facts = new @Nullable String[0];
    private boolean[] known = new boolean[0];
    private @Nullable Boolean verified;

    /**
     * The facts of an engine whose handshake is over.
     *
     * @param peerAsked whether the peer was asked for a certificate, or shows one anyway
     */
    Session(
            SSLEngine engine,
            @Nullable String applicationProtocol,
            @Nullable X509Certificate local,
            PeerVerifier verifier,
            boolean peerAsked) {
        SSLSession session = engine.getSession();
        this.version = session.getProtocol();
        String suite = CipherNames.boring(session.getCipherSuite());
        this.cipher = suite == null ? "" : suite;
        this.protocol = applicationProtocol == null || applicationProtocol.isEmpty() ? null : applicationProtocol;
        this.local = local;
        this.verifier = verifier;
        this.peerIsServer = engine.getUseClientMode();
        this.peer = peerAsked ? certificates(session) : List.of();
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            long ssl = openSsl.sslPointer();
            this.reused = SSL.isSessionReused(ssl);
            this.group = group(ssl);
            byte[] own = version.equals("TLSv1.3") ? null : SSL.getSessionId(ssl);
            this.id = own == null ? new byte[0] : own;
        } else {
            // The JDK does not tell the group, nor whether a session is an old one.
            this.reused = false;
            this.group = null;
            this.id = version.equals("TLSv1.3") ? new byte[0] : session.getId();
        }
    }

    private static @Nullable String group(long ssl) {
        try {
            return SSL.getGroupName(ssl);
        } catch (Exception e) {
            return null; // a library that does not tell it
        }
    }

    private static List<X509Certificate> certificates(SSLSession session) {
        try {
            List<X509Certificate> all = new ArrayList<>();
            for (Certificate c : session.getPeerCertificates()) {
                all.add((X509Certificate) c);
            }
            return all;
        } catch (SSLPeerUnverifiedException e) {
            return List.of();
        }
    }

    boolean reused() {
        return reused;
    }

    @Nullable
    String group() {
        return group;
    }

    /**
     * The algorithm that the peer signed the handshake with, as Envoy counts it: the engines do not tell, but what is offered leaves
     * one choice for each kind of key.
     */
    @Nullable
    String signatureAlgorithm() {
        if (peer.isEmpty() || reused) {
            return null;
        }
        java.security.PublicKey key = peer.get(0).getPublicKey();
        if (key instanceof java.security.interfaces.ECPublicKey ec) {
            return switch (ec.getParams().getCurve().getField().getFieldSize()) {
                case 384 -> "ecdsa_secp384r1_sha384";
                case 521 -> "ecdsa_secp521r1_sha512";
                default -> "ecdsa_secp256r1_sha256";
            };
        }
        return key.getAlgorithm().equals("RSA") ? "rsa_pss_rsae_sha256" : "ed25519";
    }

    @Override
    public String version() {
        return version;
    }

    @Override
    public String cipher() {
        return cipher;
    }

    @Override
    public String sessionId() {
        return HexFormat.of().formatHex(id);
    }

    @Override
    public @Nullable String applicationProtocol() {
        return protocol;
    }

    @Override
    public List<X509Certificate> peerCertificates() {
        return peer;
    }

    @Override
    public @Nullable X509Certificate localCertificate() {
        return local;
    }

    @Override
    public boolean peerVerified() {
        Boolean v = verified;
        if (v == null) {
            v = verifier.passes(peer.toArray(new X509Certificate[0]), peerIsServer);
            verified = v;
        }
        return v;
    }

    @Override
    public @Nullable String fact(Fact fact) {
        if (known.length == 0) {
            known = new boolean[FACTS];
            facts = new @Nullable String[FACTS];
        }
        int i = fact.ordinal();
        if (!known[i]) {
            facts[i] = find(fact);
            known[i] = true;
        }
        return facts[i];
    }

    private @Nullable String find(Fact fact) {
        return switch (fact) {
            case TLS_VERSION -> version;
            case TLS_CIPHER -> orNull(cipher);
            case TLS_SESSION_ID -> orNull(sessionId());
            case TLS_GROUP -> group;
            case LOCAL_SUBJECT -> local == null ? null : orNull(Certificates.name(local.getSubjectX500Principal()));
            case LOCAL_URI_SAN -> names(local, SanType.URI);
            case LOCAL_DNS_SAN -> names(local, SanType.DNS);
            case LOCAL_IP_SAN -> names(local, SanType.IP_ADDRESS);
            case LOCAL_EMAIL_SAN -> names(local, SanType.EMAIL);
            case LOCAL_OTHERNAME_SAN -> names(local, SanType.OTHER_NAME);
            default -> peer.isEmpty() ? null : ofPeer(fact, peer.get(0));
        };
    }

    private @Nullable String ofPeer(Fact fact, X509Certificate leaf) {
        return switch (fact) {
            case PEER_SUBJECT -> orNull(Certificates.name(leaf.getSubjectX500Principal()));
            case PEER_ISSUER -> orNull(Certificates.name(leaf.getIssuerX500Principal()));
            case PEER_CERT -> UrlText.encode(pem(leaf));
            case PEER_SERIAL -> Certificates.serial(leaf);
            case PEER_FINGERPRINT_1 -> Certificates.hex("SHA-1", encoded(leaf));
            case PEER_FINGERPRINT_256 -> Certificates.hex("SHA-256", encoded(leaf));
            case PEER_CHAIN_FINGERPRINTS_1 -> chain(c -> Certificates.hex("SHA-1", encoded(c)));
            case PEER_CHAIN_FINGERPRINTS_256 -> chain(c -> Certificates.hex("SHA-256", encoded(c)));
            case PEER_CHAIN_SERIALS -> chain(Certificates::serial);
            case PEER_URI_SAN -> names(leaf, SanType.URI);
            case PEER_DNS_SAN -> names(leaf, SanType.DNS);
            case PEER_IP_SAN -> names(leaf, SanType.IP_ADDRESS);
            case PEER_EMAIL_SAN -> names(leaf, SanType.EMAIL);
            case PEER_OTHERNAME_SAN -> names(leaf, SanType.OTHER_NAME);
            default -> null;
        };
    }

    private String chain(java.util.function.Function<X509Certificate, String> fact) {
        return String.join(",", peer.stream().map(fact).toList());
    }

    private static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }

    private static @Nullable String names(@Nullable X509Certificate certificate, SanType type) {
        return certificate == null ? null : orNull(String.join(",", Certificates.sans(certificate, type)));
    }

    private static byte[] encoded(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (CertificateEncodingException e) {
            return BigInteger.ZERO.toByteArray();
        }
    }

    private static String pem(X509Certificate certificate) {
        return Pem.write("CERTIFICATE", encoded(certificate));
    }

    @Override
    public List<String> peerUris() {
        return peer.isEmpty() ? List.of() : Certificates.sans(peer.get(0), SanType.URI);
    }

    @Override
    public List<String> peerDnsNames() {
        return peer.isEmpty() ? List.of() : Certificates.sans(peer.get(0), SanType.DNS);
    }

    @Override
    public List<String> localUris() {
        X509Certificate own = local;
        return own == null ? List.of() : Certificates.sans(own, SanType.URI);
    }

    @Override
    public @Nullable String peerChainPem() {
        if (peer.isEmpty()) {
            return null;
        }
        StringBuilder all = new StringBuilder();
        peer.forEach(c -> all.append(pem(c)));
        return UrlText.encode(all.toString());
    }
}
